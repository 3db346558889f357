//! The mailer: sends the mails in the outbox, in every process, under a lease like the worker's. If the mail server is
//! down, only the mails are delayed.

pub mod mailbox;
pub mod smtp;

use std::{sync::Arc, time::Duration};

use app::{
    context::Shop,
    mail_templates::{self, MailContent},
    receipt::issued,
};
use billing::{
    BillingError, Webhooks,
    mail::{Mail, Topic},
    store::{AccountStore, StoreError},
};
use lettre::{
    Message,
    message::{Attachment, Mailbox as Address, MultiPart, SinglePart, header::ContentType},
};
use tokio::time::sleep;

use mailbox::Mailbox;
use smtp::Smtp;

use crate::{
    receipt::{self, Pdf, ReceiptError},
    tasks::{Job, Next},
};

/// How often to look whether a mail is due.
const EVERY: Duration = Duration::from_secs(1);
/// The timeout for one mail, shorter than its lease.
const ROUND_TIME_MAX: Duration = Duration::from_mins(2);

/// How mails are sent.
#[derive(Clone)]
pub enum Transport {
    /// By a mail server.
    Smtp(Smtp),
    /// Kept in memory, and shown at `/dev/mailbox`.
    Mailbox(Mailbox),
}

/// Sends the mails in the outbox.
#[derive(Clone)]
pub struct Mailer {
    /// The use cases, the seller, the shop's address and its texts.
    pub shop: Shop,
    /// For the e-mail addresses of buyers.
    pub accounts: Arc<dyn AccountStore>,
    /// For the endpoints that the operator hears of.
    pub webhooks: Webhooks,
    /// Who hears of what a person has to look at.
    pub operator: Option<lettre::Address>,
    /// The sender of all mails.
    pub from: Address,
    /// How they are sent.
    pub transport: Transport,
    /// The pause after each mail: under load, orders need the CPU time and the commits more.
    pub pause: Duration,
}

/// Why a mail was not sent. The text is for the operator.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Billing(#[from] BillingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The purchase, the withdrawal or the account is gone.
    #[error("there is nothing to write about: {0}")]
    Nothing(&'static str),
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error("the message cannot be put together: {0}")]
    Message(String),
    #[error("the mail server: {0}")]
    Server(String),
}

/// A rendered mail, before it becomes a message.
struct OutgoingMail {
    to: String,
    content: MailContent,
    receipt: Option<Pdf>,
}

impl Mailer {
    /// The job that sends one mail in each round.
    pub fn job(self) -> Job {
        Job::new("mails", EVERY, ROUND_TIME_MAX, move || {
            let mailer = self.clone();
            async move { mailer.round().await }
        })
    }

    async fn round(&self) -> Next {
        match self.send_next().await {
            Ok(true) => {
                sleep(self.pause).await;
                Next::AtOnce
            }
            Ok(false) => Next::Wait,
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read");
                Next::Wait
            }
        }
    }

    /// Sends one mail that is due; `false` when none is. One at a time, because mail servers limit the rate, and a
    /// lease covers one mail.
    pub async fn send_next(&self) -> Result<bool, BillingError> {
        let Some(mail) = self.shop.billing.mail_to_send().await? else { return Ok(false) };
        match self.send(&mail).await {
            Ok(()) => {
                self.shop.billing.mail_sent(mail.topic).await?;
                metrics::counter!("billing_mails_total", "outcome" => "sent").increment(1);
            }
            Err(why) => {
                let until = self.shop.billing.mail_failed(&mail, &why.to_string()).await?;
                metrics::counter!("billing_mails_total", "outcome" => "failed").increment(1);
                if let Some(until) = until {
                    tracing::warn!(about = ?mail.topic, %why, %until, "a mail is put off");
                } else {
                    metrics::counter!("billing_mails_total", "outcome" => "given_up").increment(1);
                    tracing::error!(about = ?mail.topic, %why, "a mail is given up; a person has to look");
                }
            }
        }
        Ok(true)
    }

    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let OutgoingMail { to, content, receipt } = self.write(mail.topic).await?;
        let message =
            self.message(mail, &to, &content, receipt).map_err(|error| NotSent::Message(error.to_string()))?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(message).await.map_err(NotSent::Server),
            Transport::Mailbox(mailbox) => {
                mailbox.keep(&message, &content);
                Ok(())
            }
        }
    }

    async fn write(&self, topic: Topic) -> Result<OutgoingMail, NotSent> {
        let billing = &self.shop.billing;
        match topic {
            Topic::Confirmation(tenant, id) => {
                let purchase = billing.purchase(tenant, id).await?.ok_or(NotSent::Nothing("no such purchase"))?;
                let buyer = self.accounts.account(purchase.ordered_by).await?.ok_or(NotSent::Nothing("no account"))?;
                let consent = match &purchase.consent {
                    Some(version) => billing.consent_text(version).await?,
                    None => None,
                };
                let receipt = issued(&self.shop, &purchase, purchase.locale).await?;
                let receipt = receipt.ok_or(NotSent::Nothing("the purchase is not paid"))?;
                let settings = &self.shop.settings;
                let confirmation =
                    mail_templates::confirmation(settings, &purchase, &receipt.document, consent.as_ref());
                let to = buyer.principal.email.as_str().to_owned();
                Ok(OutgoingMail { to, content: confirmation, receipt: Some(receipt::draw(&receipt)?) })
            }
            Topic::Withdrawal(id) => {
                let withdrawal = billing.withdrawal(id).await?.ok_or(NotSent::Nothing("no such withdrawal"))?;
                let purchase = match withdrawal.purchase {
                    Some((tenant, purchase)) => billing.purchase(tenant, purchase).await?,
                    None => None,
                };
                let content = mail_templates::acknowledgement(&self.shop.settings, &withdrawal, purchase.as_ref());
                Ok(OutgoingMail { to: withdrawal.declaration.email.as_str().to_owned(), content, receipt: None })
            }
            Topic::WebhookEndpoint(id) => {
                let to = self.operator.as_ref().ok_or(NotSent::Nothing("OPERATOR_EMAIL is not set"))?;
                let endpoint = self.webhooks.endpoint(id).await?.ok_or(NotSent::Nothing("no such endpoint"))?;
                let content = mail_templates::webhook_endpoint_off(&self.shop.settings, &endpoint);
                Ok(OutgoingMail { to: to.to_string(), content, receipt: None })
            }
        }
    }

    fn message(
        &self,
        mail: &Mail,
        to: &str,
        content: &MailContent,
        receipt: Option<Pdf>,
    ) -> Result<Message, Box<dyn std::error::Error>> {
        let texts = MultiPart::alternative_plain_html(content.text(), content.html());
        let mut whole = MultiPart::mixed().multipart(texts);
        for attachment in &content.attachments {
            let part: SinglePart =
                Attachment::new(attachment.file_name.clone()).body(attachment.html.clone(), ContentType::TEXT_HTML);
            whole = whole.singlepart(part);
        }
        if let Some(Pdf { file_name, bytes }) = receipt {
            whole = whole.singlepart(Attachment::new(file_name).body(bytes, ContentType::parse("application/pdf")?));
        }
        let subject = match mail.topic {
            Topic::Confirmation(_, purchase) => purchase.to_string(),
            Topic::Withdrawal(withdrawal) => withdrawal.to_string(),
            Topic::WebhookEndpoint(endpoint) => endpoint.to_string(),
        };
        // The message id is the same at each attempt, so that mail programs show one mail if an earlier attempt
        // succeeded unnoticed. Each copy that an operator asks for gets another id.
        let copy = if mail.copies == 0 { String::new() } else { format!(".{}", mail.copies) };
        let id = format!("<{subject}{copy}@{}>", self.from.email.domain());
        Ok(Message::builder()
            .from(self.from.clone())
            .to(Address::new(None, to.parse()?))
            .subject(&content.subject)
            .message_id(Some(id))
            .multipart(whole)?)
    }
}
