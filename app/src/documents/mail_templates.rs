//! The mail templates. Text and HTML are rendered from the same parts, so that they have the same contents.

use billing::{
    consent::ConsentText, locale::Locale, outgoing_webhook::WebhookEndpoint, purchase::Purchase, withdrawal::Withdrawal,
};
use jiff::Timestamp;
use leptos::prelude::*;

use super::receipt::Document;
use crate::{
    context::ShopSettings, format, legal::LegalPage, locales::Texts, routes, wall_time::WallTime,
    wording::withdrawal_decision,
};

/// A rendered mail, without sender and recipient.
#[derive(Clone, Debug)]
pub struct MailContent {
    /// Its language.
    pub locale: Locale,
    /// The subject, in one line.
    pub subject: String,
    parts: Vec<Part>,
    /// The legal texts that are attached.
    pub attachments: Vec<Attachment>,
}

/// A legal text as an HTML document.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Such as `AGB.html`.
    pub file_name: String,
    /// The document.
    pub html: String,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Title(String),
    Quote(String),
    Facts(Vec<(String, String)>),
    Link {
        label: &'static str,
        url: String,
        strong: bool,
    },
    /// Lines in small print.
    Fine(Vec<String>),
}

/// The confirmation of a contract and its payment: the contents of the receipt, the consent to immediate delivery, and
/// the present terms (§ 312f (2), (3) BGB).
pub fn confirmation(
    settings: &ShopSettings,
    purchase: &Purchase,
    receipt: &Document,
    consent: Option<&ConsentText>,
) -> MailContent {
    let locale = purchase.locale;
    let t = Texts::of(locale);
    let lines = receipt.sums.iter().chain(&receipt.facts);
    let facts = lines.map(|line| (line.name.clone(), line.value.clone())).collect();
    let mut parts = vec![
        Part::Text(t.greeting.to_owned()),
        Part::Text(t.confirmation_lead.to_owned()),
        Part::Facts(facts),
        link(settings, t.show_receipt, &routes::receipt(&purchase.id.to_string()), true),
    ];
    if let Some(consent) = consent {
        parts.extend([
            Part::Title(t.consent_title.to_owned()),
            Part::Text((t.consented)(&date_time(purchase.created_at, settings, locale))),
            Part::Quote(consent.text.clone()),
            Part::Text(t.consent_ends_right.to_owned()),
        ]);
    }
    parts.extend([
        Part::Text(t.attached.to_owned()),
        link(settings, t.withdraw, routes::WITHDRAW, false),
        seller(settings, t),
    ]);
    MailContent {
        locale,
        subject: (t.confirmation_subject)(&purchase.item.name),
        parts,
        attachments: [LegalPage::Terms, LegalPage::Withdrawal].map(|page| attachment(settings, page, t)).into(),
    }
}

/// The acknowledgement of a declaration of withdrawal: its text and time (§ 356a (4) BGB), and the decision.
pub fn acknowledgement(settings: &ShopSettings, withdrawal: &Withdrawal, purchase: Option<&Purchase>) -> MailContent {
    let locale = withdrawal.locale;
    let t = Texts::of(locale);
    let received = date_time(withdrawal.received_at, settings, locale);
    let declared = &withdrawal.declaration;
    let facts = vec![
        (t.withdraw_name.to_owned(), declared.name.clone()),
        (t.withdraw_contract.to_owned(), declared.contract.clone()),
        (t.email.to_owned(), declared.email.as_str().to_owned()),
        (t.received_at.to_owned(), received.clone()),
    ];
    let paid_at = purchase.and_then(|purchase| purchase.state.paid_at());
    let at = |at: Option<Timestamp>| at.map(|at| date_time(at, settings, locale)).unwrap_or_default();
    let ordered = at(purchase.map(|purchase| purchase.created_at));
    let parts = vec![
        Part::Text(t.greeting.to_owned()),
        Part::Text(t.acknowledgement_lead.to_owned()),
        Part::Facts(facts),
        Part::Text(withdrawal_decision(withdrawal.decision, &ordered, &at(paid_at), t)),
        seller(settings, t),
    ];
    MailContent { locale, subject: (t.acknowledgement_subject)(&received), parts, attachments: Vec::new() }
}

/// That a webhook endpoint was switched off. To the operator, in English as the commands are.
pub fn webhook_endpoint_off(settings: &ShopSettings, endpoint: &WebhookEndpoint) -> MailContent {
    let locale = Locale::En;
    let mut facts =
        vec![("Endpoint".to_owned(), endpoint.id.to_string()), ("Address".to_owned(), endpoint.url.clone())];
    let state = match &endpoint.disabled {
        Some(disabled) => {
            facts.push(("Off since".to_owned(), date_time(disabled.at, settings, locale)));
            facts.push(("Why".to_owned(), disabled.note.clone()));
            format!(
                "It gets no webhooks until it is on again: server webhooks endpoints enable {}. What is not delivered \
                 waits until then.",
                endpoint.id
            )
        }
        None => "It is on again by now.".to_owned(),
    };
    let parts = vec![
        Part::Text("A webhook endpoint of the shop was switched off.".to_owned()),
        Part::Facts(facts),
        Part::Text(state),
        seller(settings, Texts::of(locale)),
    ];
    let subject = format!("A webhook endpoint was switched off: {}", endpoint.url);
    MailContent { locale, subject, parts, attachments: Vec::new() }
}

fn date_time(at: Timestamp, settings: &ShopSettings, locale: Locale) -> String {
    format::date_time(WallTime::at(at, &settings.time_zone), locale)
}

fn link(settings: &ShopSettings, label: &'static str, path: &str, strong: bool) -> Part {
    Part::Link { label, url: format!("{}{path}", settings.public_url), strong }
}

fn seller(settings: &ShopSettings, t: &Texts) -> Part {
    let seller = &settings.issuer.seller;
    let mut lines = vec![seller.name.clone(), seller.address.join(", ")];
    if !seller.vat_id.is_empty() {
        lines.push(format!("{}: {}", t.vat_id, seller.vat_id));
    }
    lines.push(format!("{}{}", settings.public_url, LegalPage::Imprint.path()));
    Part::Fine(lines)
}

fn attachment(settings: &ShopSettings, page: LegalPage, t: &'static Texts) -> Attachment {
    let title = page.title(t);
    let text = settings.legal.of(t.locale).page(page).html.clone();
    let document = view! {
        <html lang=t.locale.as_str()>
            <head>
                <meta charset="utf-8" />
                <title>{title}</title>
            </head>
            <body>
                <h1>{title}</h1>
                <div inner_html=text></div>
            </body>
        </html>
    };
    Attachment { file_name: format!("{title}.html"), html: static_document(document) }
}

impl MailContent {
    /// As plain text, lines ended by `\n`.
    pub fn text(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) | Part::Title(text) => text.clone(),
            Part::Quote(text) => text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
            Part::Facts(facts) => {
                facts.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
            }
            Part::Link { label, url, .. } => format!("{label}:\n{url}"),
            Part::Fine(lines) => format!("--\u{20}\n{}", lines.join("\n")),
        });
        let mut text = parts.collect::<Vec<_>>().join("\n\n");
        text.push('\n');
        text
    }

    /// As an HTML document with inline styles, because mail programs support no others.
    pub fn html(&self) -> String {
        const PAGE: &str = "margin:0;padding:24px;background:#f6f7f5;color:#15211f;\
            font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif";
        const CARD: &str =
            "max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #dde3df;border-radius:12px";
        let parts: Vec<_> = self.parts.iter().cloned().map(part_html).collect();
        let document = view! {
            <html lang=self.locale.as_str()>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light" />
                    <title>{self.subject.clone()}</title>
                </head>
                <body style=PAGE>
                    <div style=CARD>
                        <p style="margin:0 0 16px;color:#0b5d57;font-weight:600">"IZA Credits"</p>
                        {parts}
                    </div>
                </body>
            </html>
        };
        static_document(document)
    }
}

/// Renders a document without Leptos's hydration markers, which only pages with islands need.
pub fn static_document(document: impl RenderHtml) -> String {
    format!("<!DOCTYPE html>{}", document.to_html().replace("<!>", ""))
}

fn part_html(part: Part) -> AnyView {
    // Without support for flexbox, a mail program shows the value below its name.
    const FACT: &str = "display:flex;flex-wrap:wrap;justify-content:space-between;padding:6px 0";
    const NAME: &str = "margin:0 16px 0 0;color:#53615d";
    const VALUE: &str = "margin:0 0 0 auto;text-align:right;overflow-wrap:anywhere";
    const BUTTON: &str = "display:inline-block;padding:10px 18px;border-radius:10px;background:#0b5d57;color:#ffffff;\
        text-decoration:none;font-weight:500";
    match part {
        Part::Text(text) => view! { <p style="margin:0 0 16px">{text}</p> }.into_any(),
        Part::Title(text) => view! { <h2 style="margin:24px 0 8px;font-size:18px">{text}</h2> }.into_any(),
        Part::Quote(text) => {
            view! { <blockquote style="margin:0 0 16px;padding-left:12px;border-left:3px solid #7a8a85">{text}</blockquote> }
                .into_any()
        }
        Part::Facts(facts) => {
            let rows: Vec<_> = facts
                .into_iter()
                .map(|(name, value)| {
                    view! {
                        <div style=FACT>
                            <dt style=NAME>{name}</dt>
                            <dd style=VALUE>{value}</dd>
                        </div>
                    }
                })
                .collect();
            view! { <dl style="margin:0 0 16px">{rows}</dl> }.into_any()
        }
        Part::Link { label, url, strong } => {
            let style = if strong { BUTTON } else { "color:#0b5d57" };
            view! { <p style="margin:0 0 16px"><a style=style href=url>{label}</a></p> }.into_any()
        }
        Part::Fine(lines) => {
            let lines: Vec<_> = lines.into_iter().map(|line| view! { {line} <br /> }).collect();
            view! { <p style="margin:24px 0 0;color:#53615d;font-size:14px;overflow-wrap:anywhere">{lines}</p> }.into_any()
        }
    }
}
