//! What a customer sees of credits that a platform spends, holds, grants and gives back.

use axum::http::StatusCode;
use billing::{
    ids::{HoldId, SpendId, TenantId},
    wallet::{Amount, Booked, Command, Details, IdempotencyKey, Outcome, Reason, Request, SpendLine, Ttl},
};
use jiff::SignedDuration;
use serde_json::json;

use crate::shop::{Client, TestShop};

on_both_databases!(
    the_account_names_what_was_spent_granted_and_given_back,
    a_hold_is_no_charge_and_is_gone_at_its_end,
    a_cached_page_is_not_served_beyond_the_end_of_a_hold,
    the_ledger_is_filtered_by_kind_and_its_links_keep_the_filter,
    the_ledger_is_a_spreadsheet_of_every_kind,
    another_tenants_spends_and_holds_are_never_shown,
    the_operator_sees_what_the_platform_has_told,
);

/// A platform that spends a customer's credits.
pub struct Spender {
    store: std::sync::Arc<dyn billing::store::Store>,
    shop: TestShop,
    tenant: TenantId,
}

impl Spender {
    pub async fn of(shop: &TestShop, email: &str) -> Self {
        let account = shop.stores.accounts.account_by_email(&email.parse().unwrap()).await.unwrap().unwrap();
        Self { store: shop.stores.store.clone(), shop: shop.clone(), tenant: account.principal.tenant_id }
    }

    pub async fn execute(&self, command: Command) -> Booked {
        let mut key = [0; 8];
        getrandom::fill(&mut key).unwrap();
        let key = IdempotencyKey::try_from(hex::encode(key)).unwrap();
        let request = Request::new(self.tenant, key, command, "platform".to_owned());
        let clock = self.shop.state.clock.clone();
        let answers = self.store.execute(&[request], clock.as_ref(), &server::system::SystemEntropy).await.unwrap();
        match answers.into_iter().next().unwrap().outcome {
            Outcome::Done { written, .. } => *written,
            Outcome::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    pub async fn grant(&self, credits: i64, why: &str) {
        self.execute(Command::Grant { credits: amount(credits), reason: reason(why) }).await;
    }

    pub async fn spend(&self, credits: i64, details: Details) -> SpendId {
        let Booked::Spend(spend) = self.execute(Command::Spend(SpendLine { credits: amount(credits), details })).await
        else {
            panic!("no spend")
        };
        spend.id
    }

    pub async fn reverse(&self, spend: SpendId, credits: i64, why: &str) {
        self.execute(Command::ReverseSpend { spend, credits: Some(amount(credits)), reason: reason(why) }).await;
    }

    pub async fn hold(&self, credits: i64, seconds: i64, details: Details) -> HoldId {
        let ttl = Ttl::try_from(seconds).unwrap();
        let Booked::Hold(hold) = self.execute(Command::Hold { credits: amount(credits), ttl, details }).await else {
            panic!("no hold")
        };
        hold.id
    }

    pub async fn capture(&self, hold: HoldId, credits: i64) {
        self.execute(Command::Capture { hold, credits: Some(amount(credits)), last: true, description: None }).await;
    }

    pub async fn release(&self, hold: HoldId) {
        self.execute(Command::Release { hold }).await;
    }
}

fn amount(credits: i64) -> Amount {
    Amount::try_from(credits).unwrap()
}

fn reason(text: &str) -> Reason {
    Reason::try_from(text.to_owned()).unwrap()
}

pub fn details(reference: &str, description: &str) -> Details {
    let metadata = [("model".to_owned(), "large".to_owned())].into();
    Details::new(Some(reference.to_owned()), Some(description.to_owned()), metadata).unwrap()
}

/// The page as a reader sees it: without markup, script, and runs of spaces.
async fn read(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    let html = answer.text();
    let body = html.split("<body").nth(1).unwrap();
    let mut text = String::new();
    for piece in body.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        if !tag.starts_with("script") && !tag.starts_with('!') {
            text.push(' ');
            text.push_str(words);
        } else if tag.starts_with('!') {
            text.push_str(words);
        }
    }
    text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn the_account_names_what_was_spent_granted_and_given_back(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "Willkommen!").await;
    let spend = spender.spend(5, details("job-7", "Bild <eines> Hauses")).await;
    spender.reverse(spend, 2, "Bild war leer").await;
    spender.spend(1, Details::default()).await;
    let page = read(&kim, "/account").await;
    for shown in [
        "Willkommen! Gutschrift,",
        "Bild &lt;eines&gt; Hauses Verbrauch,",
        "Referenz: job-7",
        "−5 15",
        "Bild war leer Verbrauch zurückgebucht,",
        "+2 17",
        "Credits verbraucht.",
        "−1 16",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("large"), "metadata is the operator's: {page}");
    assert!(page.contains("Verfügbar: 16 Credits"), "the header: {page}");
}

async fn a_hold_is_no_charge_and_is_gone_at_its_end(shop: TestShop) {
    shop.clock.stop();
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "Willkommen!").await;
    let before = read(&kim, "/account").await;
    assert!(!before.contains("Reservierte Credits"), "{before}");
    spender.hold(7, 60, details("job-9", "Video wird erzeugt")).await;
    let held = read(&kim, "/account").await;
    for shown in [
        "Guthaben 20 Credits Reserviert 7 Credits Verfügbar 13 Credits",
        "Reservierte Credits",
        "Video wird erzeugt 7 Credits reserviert, höchstens bis",
        "Referenz: job-9",
        "Verfügbar: 13 Credits",
    ] {
        assert!(held.contains(shown), "{shown}: {held}");
    }
    assert!(!held.contains('−'), "a hold never looks like a charge: {held}");
    assert_eq!(kim.get("/billing/balance").await.json(), json!({"credits": 20, "held": 7, "available": 13}));

    // Nothing is written at its end.
    shop.clock.advance(SignedDuration::from_secs(60) - SignedDuration::from_micros(1));
    assert!(read(&kim, "/account").await.contains("Reserviert 7 Credits"));
    shop.clock.advance(SignedDuration::from_micros(1));
    let after = read(&kim, "/account").await;
    assert!(after.contains("Guthaben 20 Credits Reserviert 0 Credits Verfügbar 20 Credits"), "{after}");
    assert!(!after.contains("Video") && after.contains("Verfügbar: 20 Credits"), "{after}");
    assert_eq!(kim.get("/billing/balance").await.json(), json!({"credits": 20, "held": 0, "available": 20}));
}

async fn a_cached_page_is_not_served_beyond_the_end_of_a_hold(shop: TestShop) {
    shop.clock.stop();
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "Willkommen!").await;
    assert!(read(&kim, "/").await.contains("Verfügbar: 20 Credits"));
    let hold = spender.hold(7, 60, details("job-9", "Video")).await;
    spender.hold(2, 90, details("job-10", "Video")).await;
    for _ in 0..2 {
        assert!(read(&kim, "/").await.contains("Verfügbar: 11 Credits"));
    }
    shop.clock.advance(SignedDuration::from_secs(60));
    for _ in 0..2 {
        assert!(read(&kim, "/").await.contains("Verfügbar: 18 Credits"), "nothing but time has passed");
    }
    spender.capture(hold, 7).await;
    assert!(read(&kim, "/").await.contains("Verfügbar: 11 Credits"), "a late capture");
    shop.clock.advance(SignedDuration::from_secs(60));
    assert!(read(&kim, "/").await.contains("Verfügbar: 13 Credits"));
}

async fn the_ledger_is_filtered_by_kind_and_its_links_keep_the_filter(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(200, "Willkommen!").await;
    for _ in 0..51 {
        spender.spend(1, details("job", "Bild")).await;
    }
    kim.buy("credits_5").await;
    let all = kim.get("/account").await.text();
    assert!(all.contains("viewBox=\"0 0 640 200\""), "{all}");
    assert!(all.contains("href=\"/account?before=4\""), "{all}");
    let spends = kim.get("/account?kind=SPEND").await.text();
    assert_eq!(spends.matches("<bdi>Bild</bdi>").count(), 50, "{spends}");
    assert!(!spends.contains("Gekaufte Credits.") && !spends.contains("Willkommen!"), "{spends}");
    assert!(!spends.contains("viewBox=\"0 0 640 200\""), "one kind is no balance over time");
    assert!(spends.contains("href=\"/account?kind=SPEND&amp;before=3\""), "{spends}");
    assert!(spends.contains("href=\"/ledger.csv?kind=SPEND\""), "{spends}");
    let chosen = spends.split("<option").find(|option| option.contains("value=\"SPEND\"")).unwrap();
    assert!(chosen.contains("selected"), "{chosen}");
    let oldest = kim.get("/account?kind=SPEND&before=3").await.text();
    assert_eq!(oldest.matches("<bdi>Bild</bdi>").count(), 1, "{oldest}");
    assert!(oldest.contains("href=\"/account?kind=SPEND\"") && !oldest.contains("ledger-older"), "{oldest}");
    assert!(read(&kim, "/account?kind=REFUND").await.contains("Es gibt keine Buchungen dieser Art."));
    assert_eq!(kim.get("/account?kind=").await.status, StatusCode::OK, "as the form sends it for all");
    for wrong in ["/account?kind=spend", "/account?kind=SPEND&kind=GRANT", "/ledger.csv?kind=", "/ledger.csv?kind=X"] {
        assert_eq!(kim.get(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

async fn the_ledger_is_a_spreadsheet_of_every_kind(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(300, "Willkommen!").await;
    let spend = spender.spend(5, details("=job;7", "+Bild")).await;
    spender.reverse(spend, 2, "Bild war leer").await;
    let purchase = kim.buy("credits_5").await["id"].as_str().unwrap().to_owned();
    let answer = kim.get("/ledger.csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"ledger.csv\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
    let without_time = |line: &str| {
        let mut cells: Vec<&str> = line.split(';').collect();
        cells.remove(1);
        cells.join("|")
    };
    let cells: Vec<_> = lines.iter().map(|line| without_time(line)).collect();
    assert_eq!(
        cells,
        [
            "Nummer|Buchung|Beschreibung|Referenz|Kaufnummer|Credits|Guthaben danach".to_owned(),
            format!("4|Kauf|||{purchase}|5|302"),
            "3|Verbrauch zurückgebucht|Bild war leer|\"'=job|7\"||2|297".to_owned(),
            "2|Verbrauch|'+Bild|\"'=job|7\"||-5|295".to_owned(),
            "1|Gutschrift|Willkommen!|||300|300".to_owned(),
        ]
    );
    for _ in 0..210 {
        spender.spend(1, Details::default()).await;
    }
    let spends = kim.get("/ledger.csv?kind=SPEND").await.text();
    let numbers: Vec<&str> = spends.lines().skip(1).map(|line| line.split(';').next().unwrap()).collect();
    let expected: Vec<String> = (5..=214).rev().chain([2]).map(|number: i32| number.to_string()).collect();
    assert_eq!(numbers, expected);
}

async fn another_tenants_spends_and_holds_are_never_shown(shop: TestShop) {
    let (kim, lee) = (shop.customer("kim@example.com").await, shop.customer("lee@example.com").await);
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "geheimer Grund").await;
    let spend = spender.spend(5, details("geheim-1", "geheimes Bild")).await;
    spender.reverse(spend, 1, "geheim leer").await;
    spender.hold(3, 600, details("geheim-2", "geheimes Video")).await;
    for path in ["/account", "/account?kind=SPEND", "/account?before=9", "/ledger.csv", "/ledger.csv?kind=GRANT", "/"] {
        assert!(!lee.get(path).await.text().contains("geheim"), "{path}");
    }
    assert!(kim.get("/account").await.text().contains("geheim"));
    assert_eq!(lee.get("/billing/balance").await.json(), json!({"credits": 0, "held": 0, "available": 0}));
    let stranger = shop.visitor().get("/ledger.csv").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    assert_eq!(stranger.header("location"), "/signin?next=%2Fledger.csv");
}

async fn the_operator_sees_what_the_platform_has_told(shop: TestShop) {
    shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "Willkommen!").await;
    spender.spend(5, details("job-7", "Bild")).await;
    spender.hold(3, 600, details("job-8", "Video")).await;
    let report = server::operator::customer::show(&shop.worker(), "kim@example.com", 10).await.unwrap();
    for shown in [
        "balance: 15 credits, held: 3, available: 12",
        "3 credits held until ",
        ", reference \"job-8\", description \"Video\", model \"large\"",
        "-5 credits, balance 15, spend ",
        ", reference \"job-7\", description \"Bild\", model \"large\"",
        "+20 credits, balance 20, grant ",
    ] {
        assert!(report.contains(shown), "{shown}: {report}");
    }
}
