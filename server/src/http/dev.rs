//! The developer's mailbox.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;

use super::problem::Problem;
use crate::{mail::mailbox::KeptMail, state::AppState};

/// The mails that would have been sent, newest first.
pub async fn mailbox(State(state): State<AppState>) -> Result<Html<String>, Problem> {
    let mails = state.mailbox.as_ref().ok_or(Problem::NOT_FOUND)?.mails();
    let rows: Vec<_> = mails.into_iter().map(row).collect();
    let page = view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>"Mailbox"</title>
                <link rel="stylesheet" href="/pkg/shop.css" />
            </head>
            <body>
                <main class="frame">
                    <div class="narrow">
                        <h1 class="title-large">"Mailbox"</h1>
                        <p>"Without SMTP_URL no mail leaves this process. These are the newest that would have."</p>
                        <ul class="stack">{rows}</ul>
                    </div>
                </main>
            </body>
        </html>
    };
    Ok(Html(app::mail_templates::static_document(page)))
}

fn row(mail: KeptMail) -> impl IntoView {
    let address = format!("/dev/mailbox/{}", mail.number);
    let raw = format!("{address}/raw");
    view! {
        <li class="card">
            <p class="font-medium">{mail.content.subject}</p>
            <p class="fine">"To "{mail.to}</p>
            <p class="actions">
                <a class="link" href=address>
                    "HTML"
                </a>
                <a class="link" href=raw>
                    "Source"
                </a>
            </p>
        </li>
    }
}

/// A mail's HTML, as a mail program shows it: with the styles in its elements, and nothing else.
pub async fn mail(State(state): State<AppState>, Path(number): Path<usize>) -> Result<Response, Problem> {
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    let mail = kept(&state, number)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(mail.content.html())).into_response())
}

/// The message itself, attachments and all.
pub async fn raw_mail(State(state): State<AppState>, Path(number): Path<usize>) -> Result<Response, Problem> {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], kept(&state, number)?.raw).into_response())
}

fn kept(state: &AppState, number: usize) -> Result<KeptMail, Problem> {
    let mails = state.mailbox.as_ref().ok_or(Problem::NOT_FOUND)?.mails();
    mails.into_iter().find(|mail| mail.number == number).ok_or(Problem::NOT_FOUND)
}
