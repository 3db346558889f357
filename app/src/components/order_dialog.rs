//! The order form over the front page: `/?buy=<product id>`.

use leptos::prelude::*;

use super::{
    icon::{Icon, Shape},
    order_form::{OrderPanel, OrderSkeleton},
    product_card::buy_link_id,
};
use crate::{
    api,
    context::texts,
    islands::{order, order_opener::OrderOpener},
    routes,
};

/// The order form of the product in the address, and what stands in its place until it has come.
#[component]
pub(crate) fn OrderDialog() -> impl IntoView {
    const REGION: &str = "order";
    const SKELETON: &str = "order-skeleton";
    let product_id = routes::query("buy").filter(|id| !id.is_empty());
    let opener = product_id.as_deref().map(buy_link_id);
    let dialog = product_id.map(|product_id| {
        view! {
            <order::OrderDialog busy=false>
                <Panel>
                    <OrderPanel form=api::order_form(&product_id) />
                </Panel>
            </order::OrderDialog>
        }
    });
    view! {
        <div id=REGION data-opener=opener>
            {dialog}
        </div>
        <template id=SKELETON>
            <order::OrderDialog busy=true>
                <Panel>
                    <OrderSkeleton />
                </Panel>
            </order::OrderDialog>
        </template>
        <OrderOpener region=REGION skeleton=SKELETON />
    }
}

/// What is in the dialog.
#[component]
fn Panel(children: Children) -> impl IntoView {
    let t = texts();
    // What the dialog is called is read first; what went wrong, before that.
    let begins = routes::query("error").is_none();
    view! {
        <div class="order-panel">
            <div class="flex items-start justify-between gap-4">
                <h2 class="title outline-none" id="order-title" tabindex="-1" autofocus=begins>
                    {t.order_title}
                </h2>
                <a class="icon-button" href=routes::SHOP data-close="" aria-label=t.close>
                    <Icon shape=Shape::Cross />
                </a>
            </div>
            {children()}
        </div>
    }
}
