//! The order form before it has come: a click opens the dialog at once, over a page that stays.

use std::{cell::Cell, rc::Rc};

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, HtmlDialogElement, HtmlTemplateElement};

use super::{Wake, fetch, order::OPENED_HERE, region};

/// Has the links with `data-opens-order` open the order form in `region`: what `skeleton` holds at first, and then what is
/// in that place on the page that the link leads to. Where that does not come, the link is followed.
#[island]
pub(crate) fn OrderOpener(
    /// The id of the element that the form's dialog is in.
    #[prop(into)]
    region: String,
    /// The id of a `<template>`.
    #[prop(into)]
    skeleton: String,
) -> impl IntoView {
    let wake = use_context::<Wake>();
    Effect::new(move |_| {
        let opener = Rc::new(Opener { region: region.clone(), skeleton: skeleton.clone(), wake, asked: Cell::new(0) });
        let clicked = window_event_listener(ev::click, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let link = target.and_then(|target| target.closest("a[data-opens-order]").ok().flatten());
            let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else { return };
            let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
            if !elsewhere && !event.default_prevented() && opener.open(&link).is_some() {
                event.prevent_default();
            }
        });
        let moved = window_event_listener(ev::popstate, |_| show_as_addressed());
        on_cleanup(move || {
            clicked.remove();
            moved.remove();
        });
    });
}

struct Opener {
    region: String,
    skeleton: String,
    wake: Option<Wake>,
    /// How often a form was asked for: of several answers under way, the last one counts.
    asked: Cell<u32>,
}

impl Opener {
    fn open(self: &Rc<Self>, link: &HtmlAnchorElement) -> Option<()> {
        let place = document().get_element_by_id(&self.region)?;
        let skeleton = document().get_element_by_id(&self.skeleton)?.dyn_into::<HtmlTemplateElement>().ok()?;
        let skeleton = skeleton.content().clone_node_with_deep(true).ok()?;
        let address = link.href();
        window().history().ok()?.push_state_with_url(&JsValue::from_str(OPENED_HERE), "", Some(&address)).ok()?;
        place.set_attribute("data-opener", &link.id()).ok()?;
        place.replace_children_with_node_1(&skeleton);
        region::wake(self.wake, &place);

        let asked = self.asked.get().wrapping_add(1);
        self.asked.set(asked);
        let opener = self.clone();
        leptos::task::spawn_local(async move {
            let page = fetch::text(&address).await;
            // Closed meanwhile, or another one opened.
            if opener.asked.get() != asked || window().location().href().ok().as_deref() != Some(&*address) {
                return;
            }
            let form =
                page.and_then(|page| region::parsed(&page)).and_then(|page| page.get_element_by_id(&opener.region));
            match (form, document().get_element_by_id(&opener.region)) {
                (Some(form), Some(place)) => region::replace(&place, &form, opener.wake),
                _ => _ = window().location().assign(&address),
            }
        });
        Some(())
    }
}

/// The address has changed by going back or forth: the form is there or not, as it says.
fn show_as_addressed() {
    let location = window().location();
    if location.search().is_ok_and(|query| query.contains("buy=")) {
        _ = location.reload();
    } else if let Ok(Some(dialog)) = document().query_selector("dialog[open]") {
        _ = dialog.dyn_into::<HtmlDialogElement>().map(|dialog| dialog.close());
    }
}
