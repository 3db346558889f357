//! `/dev/components`: every component in each of its states, for developers. Only in mock mode, and only in English.

use billing::{
    catalog::{CATALOG, PurchaseType},
    ids::PurchaseId,
    ledger::{EntryKind, Source},
    locale::Locale,
    money::{Credits, Money},
    purchase::{FailureReason, Status},
    wallet::Funds,
};
use futures::{FutureExt, future::ready};
use leptos::{context::Provider, prelude::*};
use leptos_meta::Title;

use super::not_found::NotFound;
use crate::{
    api::{LedgerEntryView, Moment, PageContext, product_view},
    components::{
        BalanceChart, Fact, Facts, Icon, Notice, OrderForm, OrderProgress, OrderSkeleton, OutcomeCard, PageBalanceCard,
        PageFunds, ProductCard, Shape, StatusBadge, Tone,
    },
    locales::texts,
    views::{OrderFormView, PurchaseView},
    wall_time::WallTime,
};

const AT: WallTime = WallTime { year: 2026, month: 3, day: 7, hour: 9, minute: 5 };

/// The components, one section each.
#[component]
pub(crate) fn DevComponentsPage() -> impl IntoView {
    if !expect_context::<PageContext>().mock {
        return view! { <div class="narrow"><NotFound /></div> }.into_any();
    }
    let tones = [Tone::Plain, Tone::Good, Tone::Waiting, Tone::Bad];
    let notices =
        tones.map(|tone| view! { <Notice tone=tone>{format!("{tone:?}: a sentence, and what to do next.")}</Notice> });
    let icons = Shape::ALL.map(|shape| view! { <Icon shape=shape /> });
    let badges: Vec<_> =
        sample_purchases().into_iter().map(|purchase| view! { <StatusBadge purchase=purchase /> }).collect();
    let products: Vec<_> =
        CATALOG.iter().map(|product| view! { <ProductCard product=product_view(product, Locale::En) /> }).collect();
    let balances = [Some((12, 0)), Some((12, 5)), Some((-3, 0)), None].map(|credits| {
        let funds = credits.map(|(balance, held)| Funds { balance: Credits(balance), held: Credits(held), seq: 1 });
        let funds = PageFunds(ready(funds).boxed().shared());
        view! {
            <Provider value=funds>
                <PageBalanceCard />
            </Provider>
        }
    });
    let order = OrderFormView {
        product: product_view(&CATALOG[1], Locale::En),
        order_key: "example".to_owned(),
        consent_version: "example".to_owned(),
        consent: "What the buyer consents to, in the words that are kept.".to_owned(),
        vat_rate_basis_points: 1_900,
        mock: true,
    };
    let outcomes = tones.map(|tone| {
        view! {
            <OutcomeCard tone=tone title="Outcome" text=format!("{tone:?}: how a purchase turned out.") among_others=true>
                <p class="actions">
                    <a class="btn btn-primary" href="#main">
                        "Next"
                    </a>
                </p>
            </OutcomeCard>
        }
    });
    view! {
        <Title text="Components" />
        <div class="narrow">
            <h1 class="title-large">"Components"</h1>
            <Tokens />
            <Controls />
            <Part name="Balance">{balances}</Part>
            <Part name="Order form">
                <OrderForm form=order progress=OrderProgress::new(None) on_submit=|_| () />
            </Part>
            <Part name="Order form, before it has come">
                <OrderSkeleton />
            </Part>
            <Part name="Connection lost, at the foot of the screen">
                <p class="connection-lost static">{texts().connection_lost}</p>
            </Part>
            <Part name="Notices">{notices}</Part>
            <Part name="Icons">
                <p class="actions">{icons}</p>
            </Part>
            <Part name="Badges">
                <p class="actions">{badges}</p>
            </Part>
            <Part name="Facts">
                <Facts>
                    <Fact name="Name">"Value"</Fact>
                    <Fact name="Total" total=true>
                        <strong class="price">"€6.99"</strong>
                        <span class="fine">"incl. 19% VAT"</span>
                    </Fact>
                </Facts>
            </Part>
            <Part name="Products">
                <ul class="shelf">{products}</ul>
            </Part>
            <Part name="Chart">
                <BalanceChart entries=entries(&[0, 5, 15, 10, 12, -3, 7]) until=None />
            </Part>
            <Part name="Empty">
                <p class="empty">"Nothing here yet. What comes first?"</p>
            </Part>
            {outcomes}
        </div>
    }
    .into_any()
}

// Class names must be written out, because Tailwind searches this file for them.
const COLOURS: &[&str] = &[
    "bg-paper",
    "bg-surface",
    "bg-ink",
    "bg-muted",
    "bg-line",
    "bg-edge",
    "bg-accent",
    "bg-accent-strong",
    "bg-accent-soft",
    "bg-good",
    "bg-good-soft",
    "bg-waiting",
    "bg-waiting-soft",
    "bg-bad",
    "bg-bad-soft",
];
const SPACES: &[&str] = &["w-gutter", "w-card", "w-stack", "w-target"];
const RADII: &[&str] = &["rounded-control", "rounded-card"];

#[component]
fn Tokens() -> impl IntoView {
    view! {
        <Part name="Colours">
            <Swatches classes=COLOURS />
        </Part>
        <Part name="Type">
            <h3 class="display">"Display"</h3>
            <h3 class="title-large">"Large title"</h3>
            <h3 class="title">"Title"</h3>
            <p class="lead">"Lead: a sentence under a title."</p>
            <p>"Running text, with " <a class="link-inline" href="#type">"a link"</a> "."</p>
            <p class="fine">"Fine print"</p>
            <p class="eyebrow">"Eyebrow"</p>
            <p class="price">"€12.99"</p>
            <p class="reference">"0198f2a4-7b1c-7def-8a2b-0123456789ab"</p>
        </Part>
        <Part name="Space">
            <Swatches classes=SPACES />
        </Part>
        <Part name="Radius">
            <Swatches classes=RADII />
        </Part>
        <Part name="Motion">
            <p class="fine">"Still to come"</p>
            <span class="skeleton h-6"></span>
            <p class="fine">"Under way"</p>
            <progress class="progress" aria-label="Under way"></progress>
        </Part>
    }
    .into_any()
}

/// A swatch of each class, with the name of its token.
#[component]
fn Swatches(classes: &'static [&'static str]) -> impl IntoView {
    let swatch = |class: &&'static str| {
        view! {
            <li class="fine">
                <span class=format!("swatch {class}")></span>
                {class.split_once('-').map(|(_, token)| token)}
            </li>
        }
    };
    view! { <ul class="swatches">{classes.iter().map(swatch).collect_view()}</ul> }
}

#[component]
fn Controls() -> impl IntoView {
    view! {
        <Part name="Buttons and links">
            <p class="actions">
                <button class="btn btn-primary">"Primary"</button>
                <button class="btn btn-secondary">"Secondary"</button>
                <button class="btn btn-quiet">"Quiet"</button>
                <button class="btn btn-primary" disabled>"Busy"</button>
                <a class="link" href="#buttons">"Link"</a>
            </p>
            <button class="btn btn-primary btn-large">"Large"</button>
        </Part>
        <Part name="Fields">
            <label class="field">
                <span>"Label"</span>
                <input name="field" value="Value" />
            </label>
            <label class="consent">
                <input type="checkbox" />
                <span>"A box to tick, with what it means."</span>
            </label>
        </Part>
    }
    .into_any()
}

#[component]
fn Part(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="card stack">
            <h2 class="title">{name}</h2>
            {children()}
        </section>
    }
}

/// A purchase for each kind of badge.
fn sample_purchases() -> Vec<PurchaseView> {
    let Some(id) = "0198f2a4-7b1c-7def-8a2b-0123456789ab".parse::<PurchaseId>().ok() else { return Vec::new() };
    let paid = PurchaseView {
        id,
        product_id: "credits_5".to_owned(),
        name: "5 Credits".to_owned(),
        kind: PurchaseType::Credits,
        credits: Credits(5),
        price: Money::eur(699),
        status: Status::Paid,
        failure: None,
        processing: false,
        refunded: Money::eur(0),
        disputed: false,
        session_id: None,
        ordered_at: AT,
    };
    let failed = |reason| PurchaseView { status: Status::Failed, failure: Some(reason), ..paid.clone() };
    vec![
        PurchaseView { status: Status::Pending, ..paid.clone() },
        PurchaseView { status: Status::Pending, processing: true, ..paid.clone() },
        PurchaseView { refunded: Money::eur(140), ..paid.clone() },
        PurchaseView { disputed: true, ..paid.clone() },
        PurchaseView { status: Status::Refunded, ..paid.clone() },
        failed(FailureReason::Expired),
        failed(FailureReason::PaymentFailed),
        failed(FailureReason::Cancelled),
        paid,
    ]
}

/// Entries that lead from each balance to the next, a day apart; newest first.
fn entries(balances: &[i64]) -> Vec<LedgerEntryView> {
    let Some(purchase_id) = "0198f2a4-7b1c-7def-8a2b-0123456789ab".parse::<PurchaseId>().ok() else {
        return Vec::new();
    };
    let source = Source::Purchase(purchase_id);
    let entry = |(second, steps): (i64, &[i64])| LedgerEntryView {
        seq: second,
        source,
        kind: EntryKind::Purchase,
        credits: Credits(steps[1] - steps[0]),
        balance_after: Credits(steps[1]),
        description: None,
        reference: None,
        at: Moment { at: AT, second },
    };
    let mut entries: Vec<_> = (0..).step_by(86_400).zip(balances.windows(2)).map(entry).collect();
    entries.reverse();
    entries
}
