//! The outbox, with and without a mail server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use billing::mail::MailState;
use jiff::SignedDuration;
use serde_json::json;
use server::{lifecycle, mail::Mailer};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::shop::TestShop;

on_both_databases!(
    a_paid_purchase_is_confirmed_with_its_consent_and_the_terms,
    a_mail_server_that_is_down_delays_a_mail_and_no_purchase,
);

/// A mail server that keeps the messages, or refuses them all.
pub struct MailServer {
    url: String,
    up: Arc<AtomicBool>,
    taken: mpsc::UnboundedReceiver<String>,
}

impl MailServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let up = Arc::new(AtomicBool::new(true));
        let (keep, taken) = mpsc::unbounded_channel();
        let open = up.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(converse(connection, open.clone(), keep.clone()));
            }
        });
        Self { url, up, taken }
    }
}

/// The part of RFC 5321 that a sender needs.
async fn converse(connection: TcpStream, up: Arc<AtomicBool>, keep: mpsc::UnboundedSender<String>) -> Option<()> {
    let mut connection = BufReader::new(connection);
    connection.write_all(b"220 test\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match line.split_whitespace().next()? {
            "MAIL" if !up.load(Ordering::SeqCst) => "451 come again later",
            "DATA" => {
                connection.write_all(b"354 go on\r\n").await.ok()?;
                let mut message = String::new();
                while !message.ends_with("\r\n.\r\n") {
                    connection.read_line(&mut message).await.ok()?;
                }
                keep.send(message).ok()?;
                "250 taken"
            }
            _ => "250 fine",
        };
        connection.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

pub fn mailer(shop: &TestShop, mail_server: Option<&MailServer>) -> Mailer {
    let url = mail_server.map(|server| server.url.clone()).unwrap_or_default();
    let settings = shop.settings(&[("SMTP_URL", &url), ("MAIL_FROM", "IZA <shop@example.com>")]);
    lifecycle::mailer(&settings, &shop.state).unwrap()
}

/// Sends all mails that are due.
pub async fn send_due(mailer: &Mailer) {
    while mailer.send_next().await.unwrap() {}
}

async fn a_paid_purchase_is_confirmed_with_its_consent_and_the_terms(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let offered = kim.get("/billing/consent").await.json();
    let order = json!({"product_id": "credits_5", "consent": offered["version"]});
    let order = kim.post("/billing/checkout/session", &order).await.json();
    let mailer = mailer(&shop, None);
    send_due(&mailer).await;
    let mailbox = shop.state.mailbox.clone().unwrap();
    assert_eq!(mailbox.mails().len(), 0, "nothing is confirmed that is not paid");

    let body = json!({"session_id": order["session_id"]});
    kim.post("/billing/checkout/complete", &body).await;
    kim.post("/billing/checkout/complete", &body).await;
    for _ in 0..2 {
        send_due(&mailer).await;
    }
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1, "once");
    assert_eq!(mails[0].to, "kim@example.com");
    let content = &mails[0].content;
    assert_eq!(content.subject, "Bestätigung Ihres Kaufs: 5 Credits");
    let number = order["purchase_id"].as_str().unwrap();
    for text in [content.text(), content.html()] {
        for part in ["6,99\u{a0}€", "19\u{a0}%", number, "Muster GmbH (Demo)", "/withdraw", "erloschen"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(text.contains(offered["text"].as_str().unwrap()), "{text}");
    }
    let attached: Vec<_> = content.attachments.iter().map(|attachment| attachment.file_name.as_str()).collect();
    assert_eq!(attached, ["AGB.html", "Widerrufsbelehrung.html"]);
    let raw = String::from_utf8(mails[0].raw.clone()).unwrap();
    assert!(raw.contains("application/pdf") && raw.contains("filename=\"IZA-000001.pdf\""), "{raw}");
    assert!(raw.contains("AGB.html") && raw.contains(&format!("Message-ID: <{number}@example.com>")), "{raw}");
}

async fn a_mail_server_that_is_down_delays_a_mail_and_no_purchase(shop: TestShop) {
    let mut mail_server = MailServer::start().await;
    let mailer = mailer(&shop, Some(&mail_server));
    mail_server.up.store(false, Ordering::SeqCst);
    let kim = shop.customer("kim@example.com").await;
    assert_eq!(kim.buy("credits_5").await["status"], "PAID");
    assert_eq!(kim.credits().await, 5);
    shop.clock.stop();
    send_due(&mailer).await;
    let state = async || shop.state.shop.billing.mails(false, 1).await.unwrap().remove(0);
    let put_off = state().await;
    assert!(put_off.note.contains("come again later"), "{}", put_off.note);
    assert_eq!(put_off.state, MailState::Due(shop.state.clock.now() + SignedDuration::from_secs(30)));
    send_due(&mailer).await;
    assert_eq!(state().await.attempts, 1, "not before it is due");

    mail_server.up.store(true, Ordering::SeqCst);
    shop.clock.advance(SignedDuration::from_secs(30));
    send_due(&mailer).await;
    assert_eq!(state().await.state, MailState::Sent(shop.state.clock.now()));
    let message = mail_server.taken.try_recv().unwrap();
    assert!(message.contains("To: kim@example.com") && message.contains("From: IZA <shop@example.com>"), "{message}");
    assert!(mail_server.taken.try_recv().is_err(), "once");

    // After five days without success, a mail is given up.
    mail_server.up.store(false, Ordering::SeqCst);
    kim.buy("credits_1").await;
    for _ in 0..40 {
        shop.clock.advance(SignedDuration::from_hours(6));
        send_due(&mailer).await;
    }
    let given_up = state().await;
    assert_eq!((given_up.state, given_up.attempts < 40), (MailState::GivenUp, true));
    mail_server.up.store(true, Ordering::SeqCst);
    assert_eq!(shop.state.shop.billing.retry_mails().await.unwrap(), 1);
    send_due(&mailer).await;
    assert!(mail_server.taken.try_recv().is_ok());
}
