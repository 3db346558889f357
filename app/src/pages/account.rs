//! `/signin` and `/signup`: plain forms, which the server answers with a redirect.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    address,
    api::PageContext,
    components::{Notice, Refusal, Tone},
    context::Entered,
    error::AccountProblem,
    locales::{Texts, texts},
    routes,
};

/// The demo account of mock mode.
const DEMO_EMAIL: &str = "demo@example.com";
const DEMO_PASSWORD: &str = "demo-credits";

/// The sign-in page.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let t = texts();
    let next = next_page();
    let demo = expect_context::<PageContext>().mock.then(|| {
        view! {
            <Notice tone=Tone::Plain>
                <p>{t.demo_account}</p>
                <p>
                    <code>{DEMO_EMAIL}</code>
                    " · "
                    <code>{DEMO_PASSWORD}</code>
                </p>
            </Notice>
        }
    });
    view! {
        <Title text=t.sign_in />
        <div class="narrow narrow-form">
            <section class="card stack">
                <h1 class="title-large">{t.sign_in}</h1>
                <Problem />
                {demo}
                <form class="stack" method="post" action="/signin">
                    <input type="hidden" name="next" value=next.clone() />
                    <EmailField />
                    <label class="field">
                        <span>{t.password}</span>
                        <input type="password" name="password" autocomplete="current-password" required />
                    </label>
                    <button class="btn btn-primary btn-large">{t.sign_in}</button>
                </form>
                <p>
                    {t.no_account}
                    " "
                    <a class="link" href=routes::sign_up(&next)>
                        {t.sign_up}
                    </a>
                </p>
            </section>
        </div>
    }
}

/// The sign-up page.
#[component]
pub(crate) fn SignUpPage() -> impl IntoView {
    let t = texts();
    let next = next_page();
    view! {
        <Title text=t.sign_up />
        <div class="narrow narrow-form">
            <section class="card stack">
                <h1 class="title-large">{t.sign_up}</h1>
                <Problem />
                <form class="stack" method="post" action="/signup">
                    <input type="hidden" name="next" value=next.clone() />
                    <EmailField />
                    <label class="field">
                        <span>{t.password}</span>
                        <input
                            type="password"
                            name="password"
                            autocomplete="new-password"
                            aria-describedby="password-rule"
                            required
                        />
                    </label>
                    <p class="fine" id="password-rule">
                        {t.password_rule}
                    </p>
                    <button class="btn btn-primary btn-large">{t.sign_up}</button>
                </form>
                <p>
                    {t.have_account}
                    " "
                    <a class="link" href=routes::sign_in(&next)>
                        {t.sign_in}
                    </a>
                </p>
            </section>
        </div>
    }
}

#[component]
fn EmailField() -> impl IntoView {
    let entered = use_context::<Entered>().map(|entered| entered.email);
    view! {
        <label class="field">
            <span>{texts().email}</span>
            <input
                type="email"
                name="email"
                value=entered
                autocomplete="username"
                inputmode="email"
                spellcheck="false"
                required
            />
        </label>
    }
}

/// The error in the form that was sent before.
#[component]
fn Problem() -> impl IntoView {
    let t = texts();
    let problem = address::query("error").map(|code| AccountProblem::from_code(&code));
    problem.map(|problem| view! { <Refusal text=problem_text(problem, t) /> })
}

fn problem_text(problem: AccountProblem, t: &'static Texts) -> &'static str {
    match problem {
        AccountProblem::InvalidCredentials => t.problem_invalid_credentials,
        AccountProblem::TooManyAttempts => t.problem_too_many_attempts,
        AccountProblem::InvalidEmail => t.problem_invalid_email,
        AccountProblem::WeakPassword => t.problem_weak_password,
        AccountProblem::EmailTaken => t.problem_email_taken,
        AccountProblem::Other => t.problem_other,
    }
}

/// The page to go to afterwards: only one of this shop, whatever the URL says.
fn next_page() -> String {
    let asked = address::query("next");
    asked.as_deref().and_then(routes::local_path).unwrap_or(routes::SHOP).to_owned()
}
