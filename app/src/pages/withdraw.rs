//! `/withdraw`: the withdrawal function (§ 356a BGB). The link in the footer of every page is its first step, the
//! button below the form the second. A plain form, which the server answers with a redirect.

use billing::ids::WithdrawalId;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{not_found::NotFound, page_error::PageError};
use crate::{
    address,
    api::{self, PageContext},
    components::{Fact, Facts, OutcomeCard, Refusal, Tone},
    context::Entered,
    error::{AccountProblem, ShopError},
    format,
    locales::texts,
    routes,
    wording::withdrawal_decision,
};

/// The form, or the received declaration.
#[component]
pub(crate) fn WithdrawPage() -> impl IntoView {
    let content = match address::query("received") {
        Some(id) => view! { <Received id=id /> }.into_any(),
        None => view! { <Form /> }.into_any(),
    };
    view! { <div class="narrow">{content}</div> }
}

#[component]
fn Form() -> impl IntoView {
    let t = texts();
    let entered = use_context::<Entered>().unwrap_or_else(|| Entered {
        name: String::new(),
        contract: address::query("purchase").map(|id| (t.purchase_of_number)(&id)).unwrap_or_default(),
        email: expect_context::<PageContext>().email.unwrap_or_default(),
    });
    let problem = address::query("error").map(|code| match AccountProblem::from_code(&code) {
        AccountProblem::TooManyAttempts => t.problem_too_many_attempts,
        _ => t.withdraw_problem_incomplete,
    });
    view! {
        <Title text=t.withdraw />
        <section class="card stack">
            <h1 class="title-large">{t.withdraw}</h1>
            <p>{t.withdraw_lead}</p>
            {problem.map(|problem| view! { <Refusal text=problem /> })}
            <form class="stack" method="post" action=routes::WITHDRAW>
                <label class="field">
                    <span>{t.withdraw_name}</span>
                    <input name="name" value=entered.name autocomplete="name" maxlength="500" required />
                </label>
                <label class="field">
                    <span>{t.withdraw_contract}</span>
                    <input name="contract" value=entered.contract maxlength="500" aria-describedby="contract-hint" required />
                </label>
                <p class="fine" id="contract-hint">
                    {t.withdraw_contract_hint}
                </p>
                <label class="field">
                    <span>{t.withdraw_email}</span>
                    <input
                        type="email"
                        name="email"
                        value=entered.email
                        autocomplete="email"
                        inputmode="email"
                        spellcheck="false"
                        required
                    />
                </label>
                <button class="btn btn-primary btn-large">{t.withdraw_button}</button>
            </form>
        </section>
    }
}

#[component]
fn Received(id: String) -> impl IntoView {
    let t = texts();
    let id = id.parse::<WithdrawalId>().ok();
    Suspend::new(async move {
        let received = match id {
            Some(id) => api::withdrawal(id).await,
            None => Err(ShopError::NotFound),
        };
        let received = match received {
            Ok(received) => received,
            Err(ShopError::NotFound) => return view! { <NotFound /> }.into_any(),
            Err(error) => return view! { <PageError error=error /> }.into_any(),
        };
        let at = format::date_time(received.received_at, t.locale);
        let comes_to = match received.judged {
            None => t.decision_unclear.to_owned(),
            Some(judged) => {
                let ordered = format::date_time(judged.ordered_at, t.locale);
                let paid = judged.paid_at.map(|at| format::date_time(at, t.locale)).unwrap_or_default();
                withdrawal_decision(judged.decision, &ordered, &paid, t)
            }
        };
        view! {
            <OutcomeCard
                tone=Tone::Good
                title=t.withdraw_received_title
                text=(t.withdraw_received)(&at, &received.email)
            >
                <Facts>
                    <Fact name=t.withdraw_contract>{received.contract}</Fact>
                </Facts>
                <p>{comes_to}</p>
                <p class="actions">
                    <a class="link" href=routes::SHOP>
                        {t.to_shop}
                    </a>
                </p>
            </OutcomeCard>
        }
        .into_any()
    })
}
