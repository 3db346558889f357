//! German.

use billing::locale::Locale;

use super::{Conventions, IslandTexts, Texts};

pub(super) const CONVENTIONS: Conventions = Conventions {
    point: ',',
    group: '.',
    euro: |sign, amount| format!("{sign}{amount}\u{a0}€"),
    per_cent: "\u{a0}%",
    date: |at| format!("{:02}.{:02}.{}", at.day, at.month, at.year),
    oclock: "\u{a0}Uhr",
    column: b';',
};

pub(super) const ISLAND_TEXTS: IslandTexts = IslandTexts {
    locale: Locale::De,

    // general
    close: "Schließen",
    reload: "Neu laden",
    connection_lost: "Keine Verbindung zum Server. Guthaben und Käufe können veraltet sein.",
    balance: "Guthaben",
    available: "Verfügbar",
    credits: "Credits",
    unit_price: "Einzelpreis",
    product: "Produkt",
    amount: "Betrag",
    total: "Gesamtpreis",
    status: "Stand",
    ordered_at: "Bestellt am",
    to_shop: "Zum Shop",
    receipt: "Beleg",
    show_receipt: "Beleg ansehen",
    order_again: "Erneut bestellen",

    // accounts
    sign_in: "Anmelden",

    // shop
    shop_title: "Credits kaufen",
    history_title: "Ihre Käufe",
    history_empty: "Noch keine Käufe. Ihr erster erscheint hier.",
    history_older: "Ältere Käufe",
    history_newest: "Neueste Käufe",
    history_csv: "Als CSV herunterladen",
    history_continue: "Fortsetzen",
    history_check: "Zahlungsstand prüfen",
    details: "Details",

    // order
    order_title: "Bestellung",
    order_button: "Zahlungspflichtig bestellen",
    delivery: "Lieferung",
    delivery_at_once: "sofort nach der Zahlung",
    order_sending: "Wird bestellt …",
    redirect_pay: "Sie werden zur Zahlungsseite weitergeleitet:",
    redirect_pay_link: "Zur Zahlungsseite",
    order_hint: "Bezahlt wird auf der nächsten Seite bei Stripe. Ihre Kartendaten sehen wir nie.",
    order_hint_mock: "Testbetrieb: Die Zahlung gelingt sofort, ohne echtes Geld.",

    // after payment
    success_title: "Zahlung erhalten",
    balance_overdrawn: "Ihr Guthaben ist im Minus, weil mehr Credits zurückgenommen wurden, als noch da waren. Solange kann nichts verbraucht werden.",
    unpaid_title: "Noch nicht bezahlt",
    unpaid_text: "Zu dieser Bestellung ist keine Zahlung eingegangen, und es wurde nichts abgebucht.",
    processing_title: "Zahlung wird verarbeitet",
    processing_text: "Das kann einen Moment dauern. Bitte zahlen Sie nicht noch einmal: Sobald das Geld da ist, werden die Credits gutgeschrieben.",
    processing_unreachable: "Der Zahlungsdienst antwortet gerade nicht. Wir fragen weiter nach.",
    failed_title: "Zahlung nicht zustande gekommen",
    failed_text: "Es wurden keine Credits gebucht. Sie können erneut bestellen.",
    refunded_title: "Dieser Kauf wurde erstattet",
    cancel_title: "Nichts abgebucht",
    cancel_text: "Sie haben die Zahlung abgebrochen. Sie können weiter bezahlen oder den Kauf verwerfen.",
    cancel_processing_text: "Zu diesem Kauf wurde eine Zahlung begonnen. Bitte prüfen Sie ihren Stand, bevor Sie noch einmal zahlen.",
    cancel_unknown_title: "Zahlung wird geprüft",
    cancel_unknown_text: "Der Zahlungsdienst gibt gerade keine Auskunft. Deshalb wissen wir nicht, ob dieser Kauf bezahlt ist. Bitte prüfen Sie das, bevor Sie noch einmal zahlen.",
    cancel_paid_title: "Dieser Kauf ist bezahlt",
    cancel_paid_text: "Die Credits sind auf Ihrem Guthaben.",
    discarded_title: "Kauf beendet",
    discarded_text: "Es wurde nichts abgebucht, und es kann nichts mehr abgebucht werden.",
    continue_to_payment: "Weiter zur Zahlung",
    discard: "Kauf verwerfen",
    discarding: "Wird verworfen …",

    // status
    status_pending: "Offen",
    status_processing: "In Bearbeitung",
    status_paid: "Bezahlt",
    status_refunded: "Erstattet",
    status_partly_refunded: "Teilweise erstattet",
    status_disputed: "Angefochten",
    status_expired: "Abgelaufen",
    status_cancelled: "Verworfen",
    status_failed: "Fehlgeschlagen",

    // errors
    error_not_signed_in: "Bitte melden Sie sich an.",
    error_not_found: "Das gibt es nicht, oder es gehört nicht zu Ihrem Konto.",
    error_unknown_product: "Dieses Produkt gibt es nicht. Bitte wählen Sie ein anderes.",
    error_consent_missing: "Bitte setzen Sie das Häkchen bei der Einwilligung. Ohne sie können wir die Credits nicht sofort gutschreiben.",
    error_key_reused: "Dieses Formular wurde schon für ein anderes Produkt benutzt. Bitte bestellen Sie neu.",
    error_too_many_orders: "Im Moment können Sie nichts weiter bestellen: Zu viele Ihrer Käufe sind noch offen, oder es waren sehr viele in kurzer Zeit. Bezahlen oder verwerfen Sie offene Käufe, oder versuchen Sie es in einer Minute noch einmal.",
    error_provider_unavailable: "Der Zahlungsdienst ist gerade nicht erreichbar. Es wurde nichts abgebucht. Bitte versuchen Sie es gleich noch einmal.",
    error_payment_unknown: "Der Zahlungsdienst gibt gerade keine Auskunft. Deshalb wissen wir nicht, wie es um diese Zahlung steht. Bitte versuchen Sie es gleich noch einmal, und zahlen Sie vorher nicht erneut.",
    error_rejected: "Der Zahlungsdienst hat die Bestellung nicht angenommen. Es wurde nichts abgebucht. Bitte wenden Sie sich an uns: Die Adresse steht im Impressum.",
    error_unavailable: "Das hat gerade nicht geklappt. Bitte versuchen Sie es gleich noch einmal.",
    error_malformed: "Diese Angaben sind unvollständig. Bitte laden Sie die Seite neu.",
    error_unreachable: "Keine Verbindung zum Shop. Bitte versuchen Sie es noch einmal; doppelt bestellt wird dadurch nichts.",

    // with something filled in
    vat_included: |rate| format!("inkl. {rate} MwSt."),
    success_booked: |credits, price| format!("{credits} für {price} sind auf Ihrem Guthaben."),
    per_credit: |price| format!("{price} je Credit"),
    saved: |saving| format!("{saving} gespart"),
};

pub(super) const TEXTS: Texts = Texts {
    islands: &ISLAND_TEXTS,
    language_name: "Deutsch",

    // general
    language: "Sprache",
    skip_to_content: "Zum Inhalt",
    mock_banner: "Testbetrieb: Es fließt kein echtes Geld.",
    paid_by_stripe: "Bezahlt wird sicher bei Stripe.",
    purchase: "Kauf",

    // accounts
    sign_up: "Konto anlegen",
    sign_out: "Abmelden",
    email: "E-Mail-Adresse",
    password: "Passwort",
    password_rule: "10 bis 128 Zeichen, die nicht leicht zu erraten sind. Gut sind drei oder vier Wörter, die nichts miteinander zu tun haben.",
    no_account: "Noch kein Konto?",
    have_account: "Schon ein Konto?",
    demo_account: "Im Testbetrieb gibt es ein Vorführkonto:",
    problem_invalid_credentials: "E-Mail-Adresse oder Passwort stimmt nicht. Bitte prüfen Sie beides.",
    problem_too_many_attempts: "Zu viele Versuche. Bitte warten Sie einige Minuten.",
    problem_invalid_email: "Das ist keine gültige E-Mail-Adresse. Bitte prüfen Sie, wie sie geschrieben ist.",
    problem_weak_password: "Dieses Passwort wäre zu leicht zu erraten. Nehmen Sie bitte ein anderes mit 10 bis 128 Zeichen: ohne Ihre E-Mail-Adresse, ohne Zahlenreihen und Wiederholungen. Gut sind drei oder vier Wörter, die nichts miteinander zu tun haben.",
    problem_email_taken: "Zu dieser E-Mail-Adresse gibt es schon ein Konto. Bitte melden Sie sich damit an.",
    problem_other: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",

    // shop
    shop_lead: "Einmal zahlen, sofort nutzen. Ohne Abo.",
    invitation: "Melden Sie sich an, um Credits zu kaufen und Ihr Guthaben zu sehen.",
    promises: ["Bezahlen über Stripe", "Alle Preise mit MwSt.", "Beleg zu jedem Kauf"],
    products_title: "Produkte",
    buy: "Kaufen",

    // receipt
    seller: "Verkäufer",
    buyer: "Käufer",
    vat_id: "USt-IdNr.",
    receipt_number: "Belegnummer",
    issued_at: "Ausgestellt am",
    supplied_at: "Lieferdatum",
    purchase_number: "Kaufnummer",
    paid_at: "Bezahlt am",
    refunded_at: "Erstattet am",
    refunded_amount: "Davon erstattet",
    payment_ref: "Zahlungsreferenz",
    net: "Nettobetrag",
    entry_at: "Zeitpunkt",
    receipt_no_invoice: "Dies ist ein Beleg über Ihre Zahlung, keine Rechnung.",
    purchase_unpaid: "Dieser Kauf ist nicht bezahlt. Es wurden keine Credits gebucht.",
    returns: "Erstattungen und Anfechtungen",
    date: "Datum",
    return_kind: "Vorgang",
    return_refund_failed: "Erstattung fehlgeschlagen",
    return_inquiry: "Rückfrage der Bank",
    pdf: "Als PDF",
    print: "Drucken",

    // account
    entries: "Buchungen",
    entry_kind: "Buchung",
    entry_purchase: "Kauf",
    entry_refund: "Erstattung",
    entry_refund_reversal: "Erstattung zurückgenommen",
    entry_dispute: "Zahlung angefochten",
    entry_dispute_reversal: "Anfechtung zurückgenommen",
    entry_spend: "Verbrauch",
    entry_spend_reversal: "Verbrauch zurückgebucht",
    entry_grant: "Gutschrift",
    entry_grant_reversal: "Gutschrift zurückgenommen",
    ledger_empty: "Noch keine Buchungen. Mit Ihrem ersten Kauf beginnt das Konto.",
    ledger_older: "Ältere Buchungen",
    ledger_newest: "Neueste Buchungen",
    filter_kind: "Art der Buchung",
    filter_all: "Alle Buchungen",
    filter_apply: "Filtern",
    filter_none: "Es gibt keine Buchungen dieser Art.",
    ledger_csv: "Buchungen als CSV",
    entry_number: "Nummer",
    balance_after: "Guthaben danach",
    description: "Beschreibung",
    reference: "Referenz",
    held: "Reserviert",
    holds_title: "Reservierte Credits",
    holds_text: "Sie sind für laufende Aufträge zurückgelegt und nicht abgebucht. Was davon nicht verbraucht wird, ist danach wieder verfügbar.",
    hold_unnamed: "Laufender Auftrag",
    chart_title: "Guthaben im Verlauf",
    why_purchase: "Gekaufte Credits.",
    why_refund: "Geld erstattet, Credits zurückgenommen.",
    why_refund_reversal: "Erstattung fehlgeschlagen, Credits wieder gutgeschrieben.",
    why_dispute: "Zahlung angefochten, Credits einbehalten.",
    why_dispute_reversal: "Anfechtung beendet, Credits wieder gutgeschrieben.",
    why_spend: "Credits verbraucht.",
    why_spend_reversal: "Verbrauch zurückgebucht, Credits wieder gutgeschrieben.",
    why_grant: "Credits ohne Kauf gutgeschrieben.",
    why_grant_reversal: "Gutschrift zurückgenommen, Credits abgezogen.",
    chart_says: |from, since, to, until| format!("Guthaben im Verlauf: von {from} am {since} auf {to} am {until}."),
    chart_says_at_once: |from, to, at| format!("Guthaben im Verlauf: von {from} auf {to} am {at}."),
    held_until: |credits, end| format!("{credits} reserviert, höchstens bis {end}"),
    account_title: "Ihr Konto",

    // legal
    legal: "Rechtliches",
    legal_sample: "Dies ist ein Mustertext. Wer diesen Shop betreibt, muss ihn durch den eigenen ersetzen.",
    imprint: "Impressum",
    terms: "AGB",
    privacy: "Datenschutz",
    withdrawal: "Widerrufsbelehrung",

    // withdrawing
    withdraw: "Vertrag widerrufen",
    withdraw_lead: "Hier erklären Sie den Widerruf eines Vertrags. Sie bekommen sofort eine Bestätigung mit Datum und Uhrzeit per E-Mail. Eine Begründung brauchen Sie nicht.",
    withdraw_name: "Ihr Name",
    withdraw_contract: "Welcher Vertrag",
    withdraw_contract_hint: "Am besten die Kaufnummer, sie steht auf dem Beleg. Sonst Produkt und Datum der Bestellung.",
    withdraw_email: "E-Mail-Adresse für die Bestätigung",
    withdraw_button: "Widerruf bestätigen",
    withdraw_problem_incomplete: "Bitte geben Sie Ihren Namen, den Vertrag und eine gültige E-Mail-Adresse an. Es wurde noch nichts erklärt.",
    withdraw_received_title: "Ihr Widerruf ist eingegangen",
    decision_effective: "Ihr Widerruf ist wirksam. Der Kaufpreis wird spätestens nach 14 Tagen auf dem Weg erstattet, auf dem Sie bezahlt haben (§ 357 BGB).",
    decision_refunded: "Der Kaufpreis wurde bereits vollständig erstattet.",
    decision_unpaid: "Für diese Bestellung ist keine Zahlung eingegangen. Es gibt nichts zu erstatten.",
    decision_unclear: "Die Erklärung wird geprüft, und Sie bekommen eine Antwort per E-Mail.",

    // errors
    not_found_title: "Seite nicht gefunden",
    not_found_text: "Hier gibt es nichts, oder es gehört nicht zu Ihrem Konto.",

    // with something filled in
    sold_by: |seller| format!("Verkauft von {seller}"),
    buy_product: |name| format!("{name} kaufen"),
    credits_included: |credits| format!("{credits} enthalten"),
    vat: |rate| format!("Enthaltene MwSt. ({rate})"),
    purchase_of_number: |number| format!("Kaufnummer {number}"),
    withdraw_received: |at, email| format!("Eingegangen am {at}. Die Bestätigung geht an {email}."),
    decision_delivered: |ordered, paid| {
        format!(
            "Ihr Widerrufsrecht ist für diesen Kauf erloschen (§ 356 Abs. 5 BGB): Bei der Bestellung am {ordered} haben Sie verlangt, dass die Credits sofort gutgeschrieben werden, und bestätigt, dass Ihr Widerrufsrecht damit erlischt. Am {paid} wurden sie gutgeschrieben, und Ihre Zustimmung wurde Ihnen per E-Mail bestätigt."
        )
    },
    decision_late: |ordered| {
        format!(
            "Ihr Widerrufsrecht ist für diesen Kauf erloschen: Die Frist von 14 Tagen seit der Bestellung am {ordered} ist abgelaufen (§ 355 Abs. 2 BGB)."
        )
    },

    // mail
    greeting: "Guten Tag,",
    confirmation_lead: "vielen Dank für Ihren Kauf. Wir bestätigen den Vertrag; die Zahlung ist eingegangen, und die Credits sind auf Ihrem Guthaben.",
    consent_title: "Ihre Zustimmung",
    consent_ends_right: "Mit der Gutschrift und dieser Bestätigung ist Ihr Widerrufsrecht erloschen (§ 356 Abs. 5 BGB).",
    attached: "Im Anhang: der Beleg, die Vertragsbedingungen und die Widerrufsbelehrung, wie sie heute gelten. Bitte bewahren Sie diese E-Mail auf.",
    acknowledgement_lead: "Ihre Widerrufserklärung ist eingegangen. Das haben Sie erklärt:",
    received_at: "Eingegangen am",
    confirmation_subject: |product| format!("Bestätigung Ihres Kaufs: {product}"),
    acknowledgement_subject: |at| format!("Eingangsbestätigung Ihres Widerrufs vom {at}"),
    consented: |at| format!("Bei der Bestellung am {at} haben Sie erklärt:"),

    // pages that need nothing: a title, and a sentence
    refused: (
        "Anfrage abgelehnt",
        "Die Anfrage kam von einer anderen Seite. Bitte versuchen Sie es im Shop noch einmal.",
    ),
    unreachable: ("Gerade nicht erreichbar", "Bitte versuchen Sie es gleich noch einmal."),
    wrong_request: (
        "Das hat nicht geklappt",
        "Die Anfrage konnte nicht verarbeitet werden. Bitte versuchen Sie es im Shop noch einmal.",
    ),
    our_fault: (
        "Ein Fehler ist aufgetreten",
        "Er liegt bei uns und ist notiert. Bitte versuchen Sie es später noch einmal.",
    ),
};
