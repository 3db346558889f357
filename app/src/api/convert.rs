//! Converts the domain's types into [`views`](crate::views).

use billing::{
    catalog::{CATALOG, Product, PurchaseType},
    locale::Locale,
    money::{Credits, Money},
    purchase::{Purchase, Status},
    wallet::Funds,
};
use jiff::tz::TimeZone;

use crate::{
    views::{ProductView, PurchaseStatusView, PurchaseView},
    wall_time::WallTime,
};

/// A product, with its saving over the same credits bought one by one.
pub(crate) fn product_view(product: &Product, locale: Locale) -> ProductView {
    let pack = product.kind == PurchaseType::Credits;
    let single = CATALOG.iter().find(|other| other.kind == PurchaseType::Credits && other.credits == Credits(1));
    ProductView {
        id: product.id.to_owned(),
        name: product.name.to_owned(),
        kind: product.kind,
        credits: product.credits,
        about: product.about(locale).map(str::to_owned),
        price: product.price,
        price_per_credit: pack.then(|| per_credit(product.price, product.credits)).flatten(),
        saving: single.filter(|_| pack).and_then(|single| saving(product.price, product.credits, single.price)),
    }
}

/// A price divided by its credits, rounded half up to the cent.
fn per_credit(price: Money, Credits(credits): Credits) -> Option<Money> {
    let doubled = price.cents.checked_mul(2)?.checked_add(credits)?;
    Some(Money { cents: doubled.checked_div_euclid(credits.checked_mul(2)?)?, ..price })
}

/// How much less a pack costs than its credits bought one by one; `None` if it costs the same or more.
fn saving(price: Money, Credits(credits): Credits, single: Money) -> Option<Money> {
    let cents = single.cents.checked_mul(credits)?.checked_sub(price.cents)?;
    (cents > 0 && single.currency == price.currency).then_some(Money { cents, ..price })
}

/// A purchase, with its times in this time zone.
pub(crate) fn purchase_view(purchase: &Purchase, zone: &TimeZone) -> PurchaseView {
    let status = purchase.status();
    PurchaseView {
        id: purchase.id,
        product_id: purchase.item.product_id.clone(),
        name: purchase.item.name.clone(),
        kind: purchase.item.kind,
        credits: purchase.item.credits,
        price: purchase.item.price,
        status,
        failure: purchase.state.failure().map(|failed| failed.reason),
        processing: status == Status::Pending && purchase.payment_ref.is_some(),
        refunded: Money { cents: purchase.reversals.refunded(purchase.sold()), currency: purchase.item.price.currency },
        disputed: purchase.reversals.is_disputed(),
        session_id: purchase.checkout.as_ref().map(|checkout| checkout.provider_ref.clone()),
        ordered_at: WallTime::at(purchase.created_at, zone),
    }
}

/// A purchase's status; `known` says whether the provider has confirmed it.
pub(super) fn purchase_status(purchase: &Purchase, known: bool, funds: Funds, zone: &TimeZone) -> PurchaseStatusView {
    let open = purchase.status() == Status::Pending;
    let checkout = purchase.checkout.as_ref().filter(|checkout| open && !checkout.url.is_empty());
    PurchaseStatusView {
        purchase: purchase_view(purchase, zone),
        checkout_url: checkout.map(|checkout| checkout.url.clone()),
        known,
        funds,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_larger_pack_says_what_a_credit_costs_and_what_it_saves() {
        let shown = CATALOG.each_ref().map(|product| {
            let view = product_view(product, Locale::De);
            (view.id, view.price_per_credit.map(|price| price.cents), view.saving.map(|saving| saving.cents))
        });
        // 6.99 / 5 = 1.398 and 12.99 / 10 = 1.299; five for 1.49 each are 7.45, ten 14.90.
        let expected = [
            ("credits_1", Some(149), None),
            ("credits_5", Some(140), Some(46)),
            ("credits_10", Some(130), Some(191)),
            ("iza_pass", None, None),
        ];
        assert_eq!(shown, expected.map(|(id, price, saving)| (id.to_owned(), price, saving)));
    }

    #[test]
    fn a_pack_that_saves_nothing_promises_nothing() {
        assert_eq!(saving(Money::eur(745), Credits(5), Money::eur(149)), None);
        assert_eq!(saving(Money::eur(900), Credits(5), Money::eur(149)), None);
        assert_eq!(per_credit(Money::eur(745), Credits(0)), None);
    }

    proptest! {
        #[test]
        fn the_price_of_a_credit_is_within_half_a_cent(cents in 1..100_000_000_i64, credits in 1..10_000_i64) {
            let shown = per_credit(Money::eur(cents), Credits(credits)).map_or(0, |price| price.cents);
            prop_assert!((shown * credits - cents).abs() * 2 <= credits);
        }
    }
}
