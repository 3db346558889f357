//! The order form over the front page: `/?buy=<product id>`.

use leptos::prelude::*;

use super::{
    icon::{Icon, Shape},
    order_form::OrderPanel,
    product_card::buy_link_id,
};
use crate::{api, islands, locales::texts, routes};

/// The order form of the product in the address.
#[component]
pub(crate) fn OrderDialog() -> impl IntoView {
    let t = texts();
    let product_id = routes::query("buy").filter(|id| !id.is_empty())?;
    Some(view! {
        <islands::OrderDialog opener=buy_link_id(&product_id)>
            <div class="order-panel">
                <div class="flex items-start justify-between gap-4">
                    <h2 class="title" id="order-title">
                        {t.order_title}
                    </h2>
                    <a class="icon-button" href=routes::SHOP data-close="" aria-label=t.close>
                        <Icon shape=Shape::Cross />
                    </a>
                </div>
                <OrderPanel form=api::order_form(&product_id) />
            </div>
        </islands::OrderDialog>
    })
}
