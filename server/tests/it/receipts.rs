//! The receipt on its page, in the JSON API and as a PDF, and the history as CSV.

use std::{env, fs, path::Path, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use lopdf::{
    Dictionary, Document, Object,
    content::{Content, Operation},
};
use serde_json::{Value, json};
use server::{tasks::Tasks, worker::Worker};
use tokio_util::sync::CancellationToken;

use crate::{
    customer::completed,
    shop::{Answer, Client, TestShop},
};

on_both_databases!(
    a_paid_purchase_has_a_numbered_receipt_and_an_unpaid_one_has_none,
    the_worker_numbers_what_nobody_asks_about,
    a_receipt_keeps_the_seller_and_the_rate_that_it_was_issued_with,
    a_pdf_says_what_the_page_says,
    a_pdf_of_the_same_receipt_has_the_same_bytes,
    refunds_and_disputes_are_listed_with_date_and_amount,
    a_long_receipt_goes_on_upon_another_page,
    no_name_or_address_is_lost_in_any_script,
    the_history_is_a_spreadsheet_in_either_language,
    a_history_of_any_length_is_exported_whole,
);

async fn in_language(visitor: &Client, path: &str, language: &str) -> Answer {
    visitor.send(Request::get(path).header(header::ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap()).await
}

async fn pdf(visitor: &Client, id: &str, language: &str) -> Document {
    let answer = in_language(visitor, &format!("/purchases/{id}/receipt.pdf"), language).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::OK, "application/pdf"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    // CI validates each of them.
    if let Some(folder) = env::var_os("KEEP_RECEIPTS") {
        fs::write(Path::new(&folder).join(format!("{id}-{language}.pdf")), &answer.body).unwrap();
    }
    Document::load_mem(&answer.body).unwrap()
}

/// Extracts all text in drawing order, without separators, like a PDF reader: from the `ActualText` of marked content,
/// or else from each font's mapping of glyphs to characters.
fn text(pdf: &Document) -> String {
    let mut text = String::new();
    for page in pdf.get_pages().into_values() {
        let fonts = pdf.get_page_fonts(page).unwrap();
        let mut encoding = None;
        let mut is_told = Vec::new();
        for Operation { operator, operands } in &Content::decode(&pdf.get_page_content(page)).unwrap().operations {
            match operator.as_str() {
                "Tf" => encoding = Some(fonts[operands[0].as_name().unwrap()].get_font_encoding(pdf).unwrap()),
                "BDC" | "BMC" => {
                    let properties = operands.get(1).and_then(|operand| operand.as_dict().ok());
                    let actual = properties.and_then(|properties| properties.get(b"ActualText").ok());
                    if let Some(actual) = actual.filter(|_| !is_told.contains(&true)) {
                        text += &lopdf::decode_text_string(actual).unwrap();
                    }
                    is_told.push(actual.is_some());
                }
                "EMC" => drop(is_told.pop()),
                "Tj" | "TJ" if !is_told.contains(&true) => {
                    let pieces = match &operands[0] {
                        Object::Array(pieces) => pieces.clone(),
                        piece => vec![piece.clone()],
                    };
                    for glyphs in pieces.iter().filter_map(|piece| piece.as_str().ok()) {
                        text += &Document::decode_text(encoding.as_ref().unwrap(), glyphs).unwrap();
                    }
                }
                _ => {}
            }
        }
    }
    squeezed(&text)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

/// The kinds of the structure's elements, in reading order.
fn kinds(pdf: &Document, element: &Dictionary, found: &mut Vec<String>) {
    found.extend(element.get(b"S").and_then(Object::as_name).map(|kind| String::from_utf8_lossy(kind).into_owned()));
    let children = match element.get(b"K") {
        Ok(Object::Array(children)) => children.clone(),
        Ok(child) => vec![child.clone()],
        Err(_) => Vec::new(),
    };
    for child in children {
        if let Ok((_, Object::Dictionary(child))) = pdf.dereference(&child) {
            kinds(pdf, child, found);
        }
    }
}

fn event(id: &str, kind: &str, object: Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
}

fn refund(id: &str, amount: i64, status: &str) -> Value {
    json!({
        "id": id, "object": "refund", "amount": amount, "status": status, "payment_intent": "pi_1", "charge": "ch_1",
        "created": 1_790_000_000,
    })
}

fn dispute(amount: i64) -> Value {
    json!({
        "id": "dp_1", "object": "dispute", "amount": amount, "status": "needs_response", "payment_intent": "pi_1",
        "charge": "ch_1", "created": 1_795_000_000,
    })
}

/// A purchase of 10 credits, paid by a notification that names its payment. Returns its id.
async fn paid(shop: &TestShop, buyer: &Client) -> String {
    let order = buyer.order("credits_10").await;
    shop.notify(&completed("evt_paid", &order, 1_299)).await;
    order["purchase_id"].as_str().unwrap().to_owned()
}

async fn a_paid_purchase_has_a_numbered_receipt_and_an_unpaid_one_has_none(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let open = kim.order("credits_1").await["purchase_id"].as_str().unwrap().to_owned();
    let page = kim.get(&format!("/purchases/{open}")).await.text();
    assert!(page.contains("ist nicht bezahlt") && !page.contains("IZA-0"), "{page}");
    assert_eq!(kim.get(&format!("/purchases/{open}/receipt.pdf")).await.status, StatusCode::NOT_FOUND);
    let receipt = kim.get(&format!("/billing/purchases/{open}")).await.json();
    assert_eq!(receipt["receipt_number"], Value::Null);

    for number in ["IZA-000001", "IZA-000002"] {
        let paid = kim.buy("credits_5").await["id"].as_str().unwrap().to_owned();
        let page = kim.get(&format!("/purchases/{paid}")).await.text();
        for said in [number, "Lieferdatum", "5,87", "1,12", "6,99", "receipt.pdf"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(kim.get(&format!("/billing/purchases/{paid}")).await.json()["receipt_number"], number);
    }
    let numbers: Vec<_> = kim.purchases().await.iter().map(|purchase| purchase["receipt_number"].clone()).collect();
    assert_eq!(numbers, [json!("IZA-000002"), json!("IZA-000001"), Value::Null]);
}

async fn the_worker_numbers_what_nobody_asks_about(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    let worker = Worker {
        billing: shop.state.shop.billing.clone(),
        accounts: shop.state.accounts.clone(),
        asks_provider: false,
        issuer: shop.state.shop.settings.issuer.clone(),
    };
    let shutdown = CancellationToken::new();
    let tasks = Tasks::new(shop.state.tasks.clone(), shop.state.clock.clone(), shutdown.clone());
    for job in worker.jobs() {
        tasks.start(job);
    }
    let numbered = async {
        while kim.purchases().await[0]["receipt_number"] != "IZA-000001" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), numbered).await.unwrap();
    shutdown.cancel();
    tasks.stop(Duration::from_secs(20)).await;
}

async fn a_receipt_keeps_the_seller_and_the_rate_that_it_was_issued_with(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let id = paid(&shop, &kim).await;
    let before = kim.get(&format!("/billing/purchases/{id}")).await.json();
    let moved = shop.with_settings(&[("VAT_RATE", "7"), ("SELLER_NAME", "Neu GmbH"), ("SELLER_VAT_ID", "DE 1")]);
    let kim = Client { shop: moved, ..kim };
    assert_eq!(kim.get(&format!("/billing/purchases/{id}")).await.json(), before);
    let page = kim.get(&format!("/purchases/{id}")).await.text();
    assert!(page.contains("Muster GmbH") && page.contains("19\u{a0}%"), "{page}");
    let text = text(&pdf(&kim, &id, "de").await);
    assert!(text.contains("MusterGmbH") && text.contains("2,07€") && !text.contains("Neu"), "{text}");
}

async fn a_pdf_says_what_the_page_says(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let id = paid(&shop, &kim).await;
    for (language, title, amounts, texts) in [
        ("de", "Beleg IZA-000001", ["10,92\u{a0}€", "2,07\u{a0}€", "12,99\u{a0}€"], ["Lieferdatum", "keine Rechnung"]),
        ("en", "Receipt IZA-000001", ["€10.92", "€2.07", "€12.99"], ["Date of supply", "pi_1"]),
    ] {
        let page = in_language(&kim, &format!("/purchases/{id}"), language).await.text();
        let pdf = pdf(&kim, &id, language).await;
        let text = text(&pdf);
        for said in amounts.iter().chain(&texts).chain(&[title, "kim@example.com", "DE123456789", id.as_str()]) {
            assert!(page.contains(said), "{said} is not on the page");
            assert!(text.contains(&squeezed(said)), "{said} is not in the PDF: {text}");
        }

        let catalog = pdf.catalog().unwrap();
        assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), language.as_bytes());
        assert_eq!(
            catalog.get_deref(b"MarkInfo", &pdf).unwrap().as_dict().unwrap().get(b"Marked").unwrap().as_bool().ok(),
            Some(true)
        );
        let metadata = catalog.get_deref(b"Metadata", &pdf).unwrap().as_stream().unwrap();
        let metadata = String::from_utf8_lossy(&metadata.content);
        for said in [title, "<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"] {
            assert!(metadata.contains(said), "{said}: {metadata}");
        }
        let root = catalog.get_deref(b"StructTreeRoot", &pdf).unwrap().as_dict().unwrap();
        let mut found = Vec::new();
        kinds(&pdf, root, &mut found);
        for kind in ["Document", "H1", "H2", "P", "Table", "Caption", "THead", "TH", "TD"] {
            assert!(found.iter().any(|found| found == kind), "no {kind} in {found:?}");
        }
    }
    let answer = kim.get(&format!("/purchases/{id}/receipt.pdf")).await;
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"IZA-000001.pdf\"");
}

async fn a_pdf_of_the_same_receipt_has_the_same_bytes(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let path = format!("/purchases/{}/receipt.pdf", paid(&shop, &kim).await);
    let first = in_language(&kim, &path, "de").await.body;
    // Dates in a PDF are whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(first == in_language(&kim, &path, "de").await.body);
    assert!(first != in_language(&kim, &path, "en").await.body);
}

async fn refunds_and_disputes_are_listed_with_date_and_amount(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let id = paid(&shop, &kim).await;
    shop.notify(&event("evt_1", "charge.dispute.created", dispute(500))).await;
    shop.notify(&event("evt_2", "refund.created", refund("re_1", 250, "succeeded"))).await;
    shop.notify(&event("evt_3", "refund.failed", refund("re_2", 99, "failed"))).await;
    let page = kim.get(&format!("/purchases/{id}")).await.text();
    let text = text(&pdf(&kim, &id, "de").await);
    // The dispute is newer, whichever notification came first.
    let rows = [
        ["21.09.2026", "Erstattung", "−2,50\u{a0}€"],
        ["21.09.2026", "Erstattung fehlgeschlagen", "0,99\u{a0}€"],
        ["18.11.2026", "Zahlung angefochten", "−5,00\u{a0}€"],
    ];
    assert!(text.contains(&squeezed(&rows.as_flattened().concat())), "{text}");
    for said in rows.as_flattened() {
        assert!(page.contains(said), "{said}: {page}");
    }
}

async fn a_long_receipt_goes_on_upon_another_page(shop: TestShop) {
    let shop = shop
        .with_settings(&[("SELLER_NAME", &"Sehr langer Name ".repeat(30)), ("SELLER_ADDRESS", "Straße 1, 株式, Ort")]);
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("iza_pass").await;
    shop.notify(&completed("evt_paid", &order, 299)).await;
    let id = order["purchase_id"].as_str().unwrap().to_owned();
    for at in 0..60 {
        let refund = refund(&format!("re_{at}"), 1 + at % 2, "succeeded");
        shop.notify(&event(&format!("evt_{at}"), "refund.created", refund)).await;
    }
    let pdf = pdf(&kim, &id, "de").await;
    let text = text(&pdf);
    assert_eq!(pdf.get_pages().len(), 3);
    assert_eq!(text.matches("−0,01€").count(), 30);
    assert_eq!(text.matches("VorgangBetrag").count(), 2, "the headings are repeated: {text}");
    assert!(text.contains("株式"), "{text}");
    let root = pdf.catalog().unwrap().get_deref(b"StructTreeRoot", &pdf).unwrap().as_dict().unwrap();
    let mut found = Vec::new();
    kinds(&pdf, root, &mut found);
    assert_eq!(found.iter().filter(|kind| *kind == "Caption").count(), 2, "and are one table all the same");
}

async fn no_name_or_address_is_lost_in_any_script(shop: TestShop) {
    let lines = [
        "東京都千代田区丸の内１丁目 𠮷野ビル",
        "上海市浦东新区直路",
        "서울특별시 중구 세종대로",
        "شارع التحرير 12",
        "רחוב הרצל 7",
        "महात्मा गांधी मार्ग",
        "ถนนสุขุมวิท",
        "Λεωφόρος Συγγρού",
        "Улица Тверская",
        "☕ 👨‍👩‍👧 1️⃣",
        "\u{13000} \u{e000}",
    ];
    let shop = shop.with_settings(&[("SELLER_NAME", "株式会社アイザ 🎉 שלום"), ("SELLER_ADDRESS", &lines.join(", "))]);
    let kim = shop.customer("kim@example.com").await;
    let id = paid(&shop, &kim).await;
    let pdf = pdf(&kim, &id, "de").await;
    let text = text(&pdf);
    for said in ["株式会社アイザ 🎉 שלום"].iter().chain(&lines) {
        assert!(text.contains(&squeezed(said)), "{said} is not in the PDF: {text}");
    }
    assert!(!text.contains('\u{fffd}'), "{text}");
    let page = kim.get(&format!("/purchases/{id}")).await.text();
    assert!(lines.iter().all(|line| page.contains(line)), "{page}");
}

async fn the_history_is_a_spreadsheet_in_either_language(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let id = paid(&shop, &kim).await;
    shop.notify(&event("evt_1", "refund.created", refund("re_1", 250, "succeeded"))).await;
    kim.order("credits_1").await;
    kim.get(&format!("/purchases/{id}")).await;
    let german = in_language(&kim, "/purchases.csv", "de").await;
    assert_eq!(german.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(german.header("content-disposition"), "attachment; filename=\"purchases.csv\"");
    assert_eq!(german.header("cache-control"), "no-store");
    for (language, delimiter, cells) in [
        ("de", ";", ["10 Credits", "10", "12,99", "2,50", "pi_1"]),
        ("en", ",", ["10 Credits", "10", "12.99", "2.50", "pi_1"]),
    ] {
        let text = in_language(&kim, "/purchases.csv", language).await.text();
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines.iter().all(|line| line.split(delimiter).count() == 10), "{text}");
        assert!(lines[1].contains("1 Credit"), "newest first: {text}");
        let paid: Vec<&str> = lines[2].split(delimiter).collect();
        assert_eq!((&paid[..2], &paid[5..]), (&[id.as_str(), "IZA-000001"][..], &cells[..]));
        assert!(paid[3].len() == "2026-11-25 20:21".len() && paid[3].starts_with("20"), "{text}");
    }
}

async fn a_history_of_any_length_is_exported_whole(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut ids = Vec::new();
    for _ in 0..205 {
        ids.push(kim.order("credits_1").await["purchase_id"].as_str().unwrap().to_owned());
    }
    let text = kim.get("/purchases.csv").await.text();
    let listed: Vec<&str> = text.lines().skip(1).map(|line| line.split(';').next().unwrap()).collect();
    assert!(listed.iter().eq(ids.iter().rev()), "{} of {}", listed.len(), ids.len());
}
