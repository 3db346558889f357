//! Sending what the outbox owes: in every process, beside the pages, under a lease like the worker's. A mail server that
//! is down delays mails and nothing else.

pub mod mailbox;
pub mod smtp;

use std::{sync::Arc, time::Duration};

use app::{
    context::Shop,
    letters::{self, Letter},
};
use billing::{
    BillingError,
    account::AccountStore,
    mail::{Mail, Topic},
    store::StoreError,
};
use lettre::{
    Message,
    message::{Attachment, Mailbox as Address, MultiPart, SinglePart, header::ContentType},
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use mailbox::Mailbox;
use smtp::Smtp;

use crate::receipt::{self, Pdf, ReceiptError};

const EVERY: Duration = Duration::from_secs(1);
/// How many one round takes up, so that several processes share them.
const BATCH: u32 = 10;

/// Where mails go.
#[derive(Clone)]
pub enum Transport {
    /// To a mail server.
    Smtp(Smtp),
    /// Nowhere: they can be read at `/dev/mailbox`.
    Mailbox(Mailbox),
}

/// Sends what the outbox owes.
#[derive(Clone)]
pub struct Postman {
    /// The use cases, who sells, the address of the shop, and its texts.
    pub shop: Shop,
    /// For the addresses of buyers.
    pub accounts: Arc<dyn AccountStore>,
    /// Whom mails are from.
    pub from: Address,
    /// Where they go.
    pub transport: Transport,
}

/// Why a mail was not sent. The text is for the operator.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error(transparent)]
    Billing(#[from] BillingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it is about, or whom it goes to, is not there.
    #[error("there is nothing to write about: {0}")]
    Nothing(&'static str),
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error("the message cannot be put together: {0}")]
    Message(String),
    #[error("the mail server: {0}")]
    Server(String),
}

impl Postman {
    /// Sends until `shutdown`. A round that fails is logged, and the next one comes.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut rounds = interval(EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = rounds.tick() => {}
            }
            if let Err(error) = self.send_due().await {
                tracing::warn!(%error, "the outbox could not be read");
            }
        }
    }

    /// Sends what is due; one after the other, since mail servers do not like to be stormed.
    pub async fn send_due(&self) -> Result<(), BillingError> {
        for mail in self.shop.billing.mails_to_send(BATCH).await? {
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
                        tracing::error!(about = ?mail.topic, %why, "a mail is given up; a person has to look");
                    }
                }
            }
        }
        Ok(())
    }

    async fn send(&self, mail: &Mail) -> Result<(), NotSent> {
        let (to, letter) = self.write(mail.topic).await?;
        let receipt = match mail.topic {
            Topic::Confirmation(tenant, id) => receipt::pdf(&self.shop, tenant, id, letter.locale).await?,
            Topic::Withdrawal(_) => None,
        };
        let message =
            self.message(mail.topic, &to, &letter, receipt).map_err(|error| NotSent::Message(error.to_string()))?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(message).await.map_err(NotSent::Server),
            Transport::Mailbox(mailbox) => {
                mailbox.keep(&message, &letter);
                Ok(())
            }
        }
    }

    /// To whom, and what.
    async fn write(&self, topic: Topic) -> Result<(String, Letter), NotSent> {
        match topic {
            Topic::Confirmation(tenant, id) => {
                let purchase =
                    self.shop.billing.purchase(tenant, id).await?.ok_or(NotSent::Nothing("no such purchase"))?;
                let buyer = self.accounts.account(purchase.ordered_by).await?.ok_or(NotSent::Nothing("no account"))?;
                let consent = match &purchase.consent {
                    Some(version) => self.shop.billing.consent_text(version).await?,
                    None => None,
                };
                let letter = letters::confirmation(&self.shop.settings, &purchase, consent.as_ref());
                let letter = letter.ok_or(NotSent::Nothing("the purchase is not paid"))?;
                Ok((buyer.caller.email.as_str().to_owned(), letter))
            }
            Topic::Withdrawal(id) => {
                let withdrawal =
                    self.shop.billing.withdrawal(id).await?.ok_or(NotSent::Nothing("no such withdrawal"))?;
                let purchase = match withdrawal.purchase {
                    Some((tenant, purchase)) => self.shop.billing.purchase(tenant, purchase).await?,
                    None => None,
                };
                let letter = letters::acknowledgement(&self.shop.settings, &withdrawal, purchase.as_ref());
                Ok((withdrawal.declaration.email.as_str().to_owned(), letter))
            }
        }
    }

    fn message(
        &self,
        topic: Topic,
        to: &str,
        letter: &Letter,
        receipt: Option<Pdf>,
    ) -> Result<Message, Box<dyn std::error::Error>> {
        let texts = MultiPart::alternative_plain_html(letter.text(), letter.html());
        let mut whole = MultiPart::mixed().multipart(texts);
        for attachment in &letter.attachments {
            let part: SinglePart =
                Attachment::new(attachment.file_name.clone()).body(attachment.html.clone(), ContentType::TEXT_HTML);
            whole = whole.singlepart(part);
        }
        if let Some(Pdf { file_name, bytes }) = receipt {
            whole = whole.singlepart(Attachment::new(file_name).body(bytes, ContentType::parse("application/pdf")?));
        }
        let subject = match topic {
            Topic::Confirmation(_, purchase) => purchase.to_string(),
            Topic::Withdrawal(withdrawal) => withdrawal.to_string(),
        };
        // The same at each attempt: should one have gone through unnoticed, mail programs show one mail.
        let id = format!("<{subject}@{}>", self.from.email.domain());
        Ok(Message::builder()
            .from(self.from.clone())
            .to(Address::new(None, to.parse()?))
            .subject(&letter.subject)
            .message_id(Some(id))
            .multipart(whole)?)
    }
}
