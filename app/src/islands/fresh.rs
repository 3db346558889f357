//! Parts of a page that the server renders anew when purchases have changed.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{LiveBalance, Wake, fetch, region};

/// How long to wait before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// Puts in an element's place what the server makes of it now, whenever purchases have changed; or, where nobody may tell
/// of that, also every three seconds. An element with `data-settled` stays as it is.
#[island]
pub(crate) fn KeepFresh(
    /// The element's id.
    #[prop(into)]
    region: String,
    /// How often the visitor's purchases had changed when the page was made.
    changes: i64,
    /// Whether to ask by itself.
    asks: bool,
) -> impl IntoView {
    let balance = expect_context::<LiveBalance>();
    let wake = use_context::<Wake>();
    Effect::new(move |before: Option<(Rc<Region>, i64)>| {
        let (region, known) = before.unwrap_or_else(|| (Region::new(region.clone(), asks, wake), changes));
        let now = balance.changes().unwrap_or(known);
        if now != known {
            region.refresh();
        }
        (region, now)
    });
}

struct Region {
    id: String,
    asks: bool,
    wake: Option<Wake>,
    alarm: RefCell<Option<TimeoutHandle>>,
    /// How often was asked: of several answers under way, the last one counts.
    asked: Cell<u32>,
}

impl Region {
    fn new(id: String, asks: bool, wake: Option<Wake>) -> Rc<Self> {
        let region = Rc::new(Self { id, asks, wake, alarm: RefCell::new(None), asked: Cell::new(0) });
        region.ask_later();
        region
    }

    fn is_settled(&self) -> bool {
        document().get_element_by_id(&self.id).is_none_or(|region| region.has_attribute("data-settled"))
    }

    fn ask_later(self: &Rc<Self>) {
        if let Some(alarm) = self.alarm.take() {
            alarm.clear();
        }
        if self.asks && !self.is_settled() {
            let region = self.clone();
            self.alarm.replace(set_timeout_with_handle(move || region.refresh(), ASK_AGAIN).ok());
        }
    }

    fn refresh(self: &Rc<Self>) {
        if self.is_settled() {
            return;
        }
        let asked = self.asked.get().wrapping_add(1);
        self.asked.set(asked);
        let region = self.clone();
        leptos::task::spawn_local(async move {
            let page = fetch::text(&here()).await;
            if region.asked.get() == asked {
                page.and_then(|page| region.show(&page));
                region.ask_later();
            }
        });
    }

    /// Takes what is new from a page. Focus stays where it was, or else comes to the page's content.
    fn show(&self, page: &str) -> Option<()> {
        let page = region::parsed(page)?;
        let old = document().get_element_by_id(&self.id)?;
        let Some(new) = page.get_element_by_id(&self.id) else {
            // Another page, such as the one to sign in at: nothing more comes of asking.
            _ = old.set_attribute("data-settled", "");
            return None;
        };
        if new.is_equal_node(Some(&old)) {
            return None;
        }
        let focused = document().active_element().filter(|focused| old.contains(Some(focused)));
        document().set_title(&page.title());
        region::replace(&old, &new, self.wake);
        if let Some(focused) = focused {
            let same = document().get_element_by_id(&focused.id());
            let target = same.or_else(|| document().get_element_by_id("main"));
            _ = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()).map(|target| target.focus());
        }
        Some(())
    }
}

/// The page's address, without what comes after a `#`.
fn here() -> String {
    let location = window().location();
    let (path, search) = (location.pathname(), location.search());
    format!("{}{}", path.unwrap_or_default(), search.unwrap_or_default())
}
