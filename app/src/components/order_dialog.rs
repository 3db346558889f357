//! The order form over the front page: `/?buy=<product id>`.
//!
//! The dialog is always in the document. Without JavaScript it is there open or not, as the address says; in the
//! browser it becomes a modal one, so that focus stays inside and Escape closes it.

use leptos::{ev, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use super::{
    Loading,
    icon::{Icon, Shape},
    order_form::OrderPanel,
    product_card::buy_link_id,
};
use crate::{api, error::ShopError, locales::texts, routes};

/// The order form of the product in the address.
#[component]
pub(crate) fn OrderDialog() -> impl IntoView {
    let t = texts();
    let query = use_query_map();
    let product_id = Memo::new(move |_| query.read().get("buy").filter(|id| !id.is_empty()));
    let form = Resource::new(
        move || product_id.get(),
        |product_id| async move {
            match product_id {
                Some(product_id) => Some(api::order_form(product_id).await),
                None => None,
            }
        },
    );
    let ordering = ServerAction::<api::CreateCheckout>::new();
    // An error that a form sent without JavaScript came back with, and the key to go on under.
    let earlier = Memo::new(move |_| {
        let query = query.read();
        let error = query.get("error").and_then(|code| ShopError::from_code(&code))?;
        Some((error, query.get("key").filter(|_| error.keeps_order())))
    });

    let dialog = NodeRef::<html::Dialog>::new();
    let last_product = StoredValue::new(None::<String>);
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match product_id.get() {
            Some(product_id) => {
                if last_product.get_value().as_ref() != Some(&product_id) {
                    ordering.clear();
                }
                last_product.set_value(Some(product_id));
                if !dialog.matches(":modal").unwrap_or(false) {
                    // Not `close()`, which would tell that the buyer has closed it.
                    _ = dialog.remove_attribute("open");
                    _ = dialog.show_modal();
                }
            }
            None if dialog.open() => dialog.close(),
            None => {}
        }
    });

    let navigate = use_navigate();
    let on_close = move |_: ev::Event| {
        if product_id.get_untracked().is_some() {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(routes::SHOP, options);
        }
        let link = last_product.get_value().and_then(|id| document().get_element_by_id(&buy_link_id(&id)));
        if let Some(link) = link.and_then(|link| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(link).ok()) {
            _ = link.focus();
        }
    };
    // The panel fills the dialog, so a click on the dialog itself is one beside the panel.
    let on_click = move |event: ev::MouseEvent| {
        if let Some(dialog) = dialog.get_untracked()
            && event.target().as_ref() == Some(&dialog)
        {
            dialog.close();
        }
    };

    view! {
        <dialog
            class="order-dialog"
            node_ref=dialog
            open=product_id.get_untracked().is_some()
            aria-labelledby="order-title"
            on:close=on_close
            on:click=on_click
        >
            <div class="order-panel">
                <div class="flex items-start justify-between gap-4">
                    <h2 class="title" id="order-title">
                        {t.order_title}
                    </h2>
                    <a class="icon-button" href=routes::SHOP data-noscroll aria-label=t.close>
                        <Icon shape=Shape::Cross />
                    </a>
                </div>
                <Suspense fallback=Loading>
                    {move || Suspend::new(async move {
                        form.await.map(|form| view! { <OrderPanel form=form earlier=earlier.get() ordering=ordering /> })
                    })}
                </Suspense>
            </div>
        </dialog>
    }
}
