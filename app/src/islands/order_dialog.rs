//! The order form over the front page: `/?buy=<product id>`.
//!
//! Without JavaScript, the dialog is open and contains a plain form. In the browser it becomes modal, so that the focus
//! stays inside and Escape closes it. A click on a product opens it at once, and shows the form when it is loaded.

use std::time::Duration;

use leptos::{either::EitherOf3, ev, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, HtmlFormElement, UrlSearchParams};

use super::{data::IslandData, focus, latest::Latest};
use crate::{
    api,
    components::{ErrorView, Icon, ORDER_REFUSAL, OrderForm, OrderProgress, OrderSkeleton, Shape},
    error::ShopError,
    locales::island_texts,
    routes,
    views::{OrderFormView, OrderRedirect},
};

/// The history state of a URL under which the dialog was opened without loading a page.
const OPENED_HERE: &str = "opened-here";

#[derive(Clone, Copy)]
struct State {
    open: RwSignal<bool>,
    /// The product whose form is open or was open last.
    product_id: StoredValue<Option<String>>,
    /// The form; `None` while it is loading.
    form: RwSignal<Option<Result<OrderFormView, ShopError>>>,
    progress: OrderProgress,
    dialog: NodeRef<html::Dialog>,
    latest: Latest,
}

impl State {
    /// Opens the order form of a product. If it cannot be loaded, navigates to its page.
    fn open(self, product_id: String) {
        self.progress.reset();
        self.form.set(None);
        self.product_id.set_value(Some(product_id.clone()));
        // If the dialog is open with another product's form, it stays open.
        if !self.open.get_untracked() {
            self.open.set(true);
        }
        let address = routes::order(&product_id);
        self.latest.send(api::order_form(product_id), move |form| match form {
            Err(ShopError::NotSignedIn | ShopError::Unreachable | ShopError::Unavailable) => go_to(&address),
            form => self.form.set(Some(form)),
        });
    }

    /// Closes the dialog, like its buttons.
    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    /// Called when the dialog was closed. The page below is the front page already.
    fn closed(self) {
        self.latest.cancel();
        if let Ok(history) = window().history() {
            let opened_here = history.state().is_ok_and(|state| state == OPENED_HERE);
            _ = if opened_here {
                history.back()
            } else {
                history.replace_state_with_url(&JsValue::NULL, "", Some(routes::SHOP))
            };
        }
        if let Some(product_id) = self.product_id.get_value() {
            focus(&routes::buy_link_id(&product_id));
        }
        self.open.set(false);
    }

    /// Sends the order. If the answer cannot be read, submits the form as without JavaScript; its key makes both
    /// requests one purchase.
    fn send(self, form: &HtmlFormElement) {
        let Some(Some(Ok(order))) = self.form.try_get_untracked() else { return };
        if self.progress.sending.get_untracked() {
            return;
        }
        self.progress.refused.set(None);
        self.progress.sending.set(true);
        let OrderFormView { product, order_key, consent_version, .. } = order;
        let form = form.clone();
        let sent = api::create_checkout(product.id.clone(), order_key.clone(), Some(consent_version));
        self.latest.send(sent, move |answer| match answer {
            Ok(OrderRedirect { address, pays }) => {
                if pays {
                    self.progress.paying_at.set(Some(address.clone()));
                }
                go_to(&address);
            }
            Err(ShopError::NotSignedIn) => go_to(&routes::sign_in(&routes::order(&product.id))),
            Err(ShopError::Malformed) => _ = form.submit(),
            Err(error) => self.refuse(error, product.id, order_key),
        });
    }

    /// Shows why the order was refused. If the consent's wording has changed or the key is used up, loads the form
    /// again.
    fn refuse(self, error: ShopError, product_id: String, order_key: String) {
        let show = move || {
            self.progress.sending.set(false);
            self.progress.refused.set(Some(error));
            set_timeout(|| focus(ORDER_REFUSAL), Duration::ZERO);
        };
        if error.keeps_order() && error != ShopError::ConsentMissing {
            return show();
        }
        self.form.set(None);
        self.latest.send(api::order_form(product_id), move |form| {
            let kept = |form| if error.keeps_order() { OrderFormView { order_key, ..form } } else { form };
            self.form.set(Some(form.map(kept)));
            show();
        });
    }

    /// Called after going back or forward: opens or closes the form to match the URL.
    fn follow_address(self) {
        let query = window().location().search().unwrap_or_default();
        match UrlSearchParams::new_with_str(&query).ok().and_then(|query| query.get("buy")) {
            Some(product_id) => self.open(product_id),
            None => self.close(),
        }
    }
}

/// The order form as a dialog. Links with `data-opens-order` open it.
#[island]
pub(crate) fn OrderDialog(
    /// The product in the URL.
    product_id: Option<String>,
    /// Its form.
    form: IslandData<Option<OrderFormView>>,
    /// Why the form could not be loaded.
    failed: Option<ShopError>,
    /// Why the form was refused before.
    refused: Option<ShopError>,
) -> impl IntoView {
    let state = State {
        open: RwSignal::new(product_id.is_some()),
        product_id: StoredValue::new(product_id),
        form: RwSignal::new(form.0.map(Ok).or(failed.map(Err))),
        progress: OrderProgress::new(refused),
        dialog: NodeRef::new(),
        latest: Latest::new(),
    };
    Effect::new(move |_| {
        let clicked = window_event_listener(ev::click, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let link = target.and_then(|target| target.closest("a[data-opens-order]").ok().flatten());
            let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) else { return };
            let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
            let Some(product_id) = link.get_attribute("data-opens-order").filter(|_| !elsewhere) else { return };
            let Ok(history) = window().history() else { return };
            let opened = history.push_state_with_url(&JsValue::from_str(OPENED_HERE), "", Some(&link.href()));
            if opened.is_ok() {
                event.prevent_default();
                state.open(product_id);
            }
        });
        let moved = window_event_listener(ev::popstate, move |_| state.follow_address());
        // After returning from the payment page, a browser may restore the page as it was left.
        let shown_again = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                state.progress.reset();
            }
        });
        on_cleanup(move || {
            clicked.remove();
            moved.remove();
            shown_again.remove();
        });
    });
    move || state.open.get().then(|| view! { <Dialog state=state /> })
}

#[component]
fn Dialog(state: State) -> impl IntoView {
    let t = island_texts();
    Effect::new(move |_| {
        if let Some(dialog) = state.dialog.get() {
            // Not `close()`, which would fire the event for closing by the buyer.
            _ = dialog.remove_attribute("open");
            _ = dialog.show_modal();
        }
    });
    // The contents fill the dialog, so a click on the dialog itself is on its backdrop.
    let on_click = move |event: ev::MouseEvent| {
        let (Some(dialog), Some(clicked)) = (state.dialog.get_untracked(), event.target()) else { return };
        let clicked = clicked.dyn_ref::<Element>();
        let closes = clicked.is_some_and(|clicked| {
            dialog.is_same_node(Some(clicked)) || clicked.closest("[data-close]").is_ok_and(|close| close.is_some())
        });
        if closes {
            event.prevent_default();
            state.close();
        }
    };
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(form) = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
            state.send(&form);
        }
    };
    let content = move || match state.form.get() {
        None => EitherOf3::A(view! { <OrderSkeleton /> }),
        Some(Ok(form)) => EitherOf3::B(view! { <OrderForm form=form progress=state.progress on_submit=on_submit /> }),
        Some(Err(error)) => EitherOf3::C(view! { <ErrorView error=error here=routes::SHOP.to_owned() /> }),
    };
    // Screen readers read the dialog's title first, or the reason of a refusal.
    let begins = state.progress.refused.get_untracked().is_none();
    view! {
        <dialog
            class="order-dialog"
            node_ref=state.dialog
            open=true
            aria-labelledby="order-title"
            aria-busy=move || state.form.with(Option::is_none).then_some("true")
            on:close=move |_| state.closed()
            on:click=on_click
        >
            <div class="order-panel">
                <div class="flex items-start justify-between gap-4">
                    <h2 class="title outline-none" id="order-title" tabindex="-1" autofocus=begins>
                        {t.order_title}
                    </h2>
                    <a class="icon-button" href=routes::SHOP data-close="" aria-label=t.close>
                        <Icon shape=Shape::Cross />
                    </a>
                </div>
                {content}
            </div>
        </dialog>
    }
}

fn go_to(address: &str) {
    _ = window().location().assign(address);
}
