//! English.

use billing::locale::Locale;

use super::{Conventions, IslandTexts, Texts};

pub(super) const CONVENTIONS: Conventions = Conventions {
    point: '.',
    group: ',',
    euro: |sign, amount| format!("{sign}€{amount}"),
    per_cent: "%",
    date: |at| {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = usize::try_from(at.month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"?");
        format!("{}\u{a0}{month}\u{a0}{}", at.day, at.year)
    },
    oclock: "",
    column: b',',
};

pub(super) const ISLAND_TEXTS: IslandTexts = IslandTexts {
    locale: Locale::En,

    // general
    close: "Close",
    reload: "Reload",
    connection_lost: "No connection to the server. Balance and purchases may be out of date.",
    balance: "Balance",
    available: "Available",
    credits: "Credits",
    unit_price: "Unit price",
    product: "Product",
    amount: "Amount",
    total: "Total",
    status: "Status",
    ordered_at: "Ordered",
    to_shop: "To the shop",
    receipt: "Receipt",
    show_receipt: "View receipt",
    order_again: "Order again",

    // accounts
    sign_in: "Sign in",

    // shop
    shop_title: "Buy credits",
    history_title: "Your purchases",
    history_empty: "No purchases yet. Your first one will appear here.",
    history_older: "Older purchases",
    history_newest: "Newest purchases",
    history_csv: "Download as CSV",
    history_continue: "Continue",
    history_check: "Check payment",
    details: "Details",

    // order
    order_title: "Your order",
    order_button: "Order with obligation to pay",
    delivery: "Delivery",
    delivery_at_once: "right after payment",
    order_sending: "Placing order …",
    redirect_pay: "You are being taken to the payment page:",
    redirect_pay_link: "Go to the payment page",
    order_hint: "You pay on the next page, at Stripe. We never see your card details.",
    order_hint_mock: "Test mode: the payment succeeds at once, without real money.",

    // after payment
    success_title: "Payment received",
    balance_overdrawn: "Your balance is below zero because more credits were taken back than were left. Until it is settled, nothing can be spent.",
    unpaid_title: "Not paid yet",
    unpaid_text: "No payment has come in for this order, and nothing was charged.",
    processing_title: "Payment is being processed",
    processing_text: "This can take a moment. Please do not pay again: the credits are booked as soon as the money is there.",
    processing_unreachable: "The payment provider is not answering right now. We keep asking.",
    failed_title: "The payment did not go through",
    failed_text: "No credits were booked. You can order again.",
    refunded_title: "This purchase was refunded",
    cancel_title: "Nothing was charged",
    cancel_text: "You left the payment page. You can go on paying, or drop the purchase.",
    cancel_processing_text: "A payment was begun for this purchase. Please check how it stands before you pay again.",
    cancel_unknown_title: "Payment is being checked",
    cancel_unknown_text: "The payment provider gives no answer right now, so we cannot tell whether this purchase is paid. Please check before you pay again.",
    cancel_paid_title: "This purchase is paid",
    cancel_paid_text: "The credits are on your balance.",
    discarded_title: "Purchase ended",
    discarded_text: "Nothing was charged, and nothing can be charged any more.",
    continue_to_payment: "Continue to payment",
    discard: "Drop purchase",
    discarding: "Dropping …",

    // status
    status_pending: "Open",
    status_processing: "Processing",
    status_paid: "Paid",
    status_refunded: "Refunded",
    status_partly_refunded: "Partly refunded",
    status_disputed: "Disputed",
    status_expired: "Expired",
    status_cancelled: "Dropped",
    status_failed: "Failed",

    // errors
    error_not_signed_in: "Please sign in.",
    error_not_found: "That does not exist, or does not belong to your account.",
    error_unknown_product: "There is no such product. Please choose another one.",
    error_consent_missing: "Please tick the box to consent. Without it we cannot add the credits at once.",
    error_key_reused: "This form was already used for another product. Please order anew.",
    error_too_many_orders: "You cannot order any more at the moment: too many of your purchases are still open, or there were very many in a short time. Pay or drop open purchases, or try again in a minute.",
    error_provider_unavailable: "The payment provider cannot be reached right now. Nothing was charged. Please try again in a moment.",
    error_payment_unknown: "The payment provider gives no answer right now, so we cannot tell how this payment stands. Please try again in a moment, and do not pay again before that.",
    error_rejected: "The payment provider did not accept the order. Nothing was charged. Please contact us: the imprint has our address.",
    error_unavailable: "That did not work just now. Please try again in a moment.",
    error_malformed: "That was incomplete. Please reload the page.",
    error_unreachable: "The shop cannot be reached. Please try again; nothing is ordered twice by that.",

    // with something filled in
    vat_included: |rate| format!("incl. {rate} VAT"),
    success_booked: |credits, price| format!("{credits} for {price} have been added to your balance."),
    per_credit: |price| format!("{price} per credit"),
    saved: |saving| format!("{saving} saved"),
};

pub(super) const TEXTS: Texts = Texts {
    islands: &ISLAND_TEXTS,
    language_name: "English",

    // general
    language: "Language",
    skip_to_content: "Skip to content",
    mock_banner: "Test mode: no real money moves.",
    paid_by_stripe: "Payments are handled securely by Stripe.",
    purchase: "Purchase",

    // accounts
    sign_up: "Create account",
    sign_out: "Sign out",
    email: "E-mail address",
    password: "Password",
    password_rule: "10 to 128 characters that are hard to guess. Three or four words that have nothing to do with each other are good.",
    no_account: "No account yet?",
    have_account: "Already have an account?",
    demo_account: "Test mode has a demo account:",
    problem_invalid_credentials: "E-mail address or password is wrong. Please check both.",
    problem_too_many_attempts: "Too many attempts. Please wait a few minutes.",
    problem_invalid_email: "That is not a valid e-mail address. Please check how it is written.",
    problem_weak_password: "This password would be too easy to guess. Please choose another one with 10 to 128 characters: without your e-mail address, rows of numbers or repetitions. Three or four words that have nothing to do with each other are good.",
    problem_email_taken: "There is already an account with this e-mail address. Please sign in with it.",
    problem_other: "That did not work. Please try again.",

    // shop
    shop_lead: "Pay once, use at once. No subscription.",
    invitation: "Sign in to buy credits and see your balance.",
    promises: ["Paid through Stripe", "All prices include VAT", "A receipt for every purchase"],
    products_title: "Products",
    buy: "Buy",

    // receipt
    seller: "Seller",
    buyer: "Buyer",
    vat_id: "VAT ID",
    receipt_number: "Receipt number",
    issued_at: "Issued on",
    supplied_at: "Date of supply",
    purchase_number: "Purchase number",
    paid_at: "Paid",
    refunded_at: "Refunded",
    refunded_amount: "Of which refunded",
    payment_ref: "Payment reference",
    net: "Net",
    entry_at: "Time",
    receipt_no_invoice: "This is a receipt for your payment, not an invoice.",
    purchase_unpaid: "This purchase is not paid. No credits were booked.",
    returns: "Refunds and disputes",
    date: "Date",
    return_kind: "What happened",
    return_refund_failed: "Refund failed",
    return_inquiry: "The bank's inquiry",
    pdf: "As PDF",
    print: "Print",

    // account
    entries: "Ledger entries",
    entry_kind: "Entry",
    entry_purchase: "Purchase",
    entry_refund: "Refund",
    entry_refund_reversal: "Refund reversed",
    entry_dispute: "Payment disputed",
    entry_dispute_reversal: "Dispute reversed",
    entry_spend: "Credits spent",
    entry_spend_reversal: "Spend reversed",
    entry_grant: "Credits granted",
    entry_grant_reversal: "Grant reversed",
    ledger_empty: "No entries yet. The account begins with your first purchase.",
    ledger_older: "Older entries",
    ledger_newest: "Newest entries",
    filter_kind: "Kind of entry",
    filter_all: "All entries",
    filter_apply: "Filter",
    filter_none: "There are no entries of this kind.",
    ledger_csv: "Entries as CSV",
    entry_number: "Number",
    balance_after: "Balance afterwards",
    description: "Description",
    reference: "Reference",
    held: "Held",
    holds_title: "Held credits",
    holds_text: "They are set aside for jobs that are running, and are not charged. What is not used of them is available again afterwards.",
    hold_unnamed: "Running job",
    chart_title: "Balance over time",
    why_purchase: "Credits bought.",
    why_refund: "Money refunded, credits taken back.",
    why_refund_reversal: "Refund failed, credits added again.",
    why_dispute: "Payment disputed, credits held back.",
    why_dispute_reversal: "Dispute ended, credits added again.",
    why_spend: "Credits spent.",
    why_spend_reversal: "Spend reversed, credits added again.",
    why_grant: "Credits granted without a purchase.",
    why_grant_reversal: "Grant reversed, credits taken back.",
    chart_says: |from, since, to, until| format!("Balance over time: from {from} on {since} to {to} on {until}."),
    chart_says_at_once: |from, to, at| format!("Balance over time: from {from} to {to} on {at}."),
    held_until: |credits, end| format!("{credits} held, until {end} at most"),
    account_title: "Your account",

    // legal
    legal: "Legal",
    legal_sample: "This is a sample text. Whoever runs this shop has to put their own in its place.",
    imprint: "Imprint",
    terms: "Terms",
    privacy: "Privacy",
    withdrawal: "Right of withdrawal",

    // withdrawing
    withdraw: "Withdraw from contract",
    withdraw_lead: "Here you declare your withdrawal from a contract. An acknowledgement with date and time comes by e-mail at once. You need not give a reason.",
    withdraw_name: "Your name",
    withdraw_contract: "Which contract",
    withdraw_contract_hint: "Best by the purchase number, which is on the receipt. Otherwise product and date of the order.",
    withdraw_email: "E-mail address for the acknowledgement",
    withdraw_button: "Confirm withdrawal",
    withdraw_problem_incomplete: "Please give your name, the contract and a valid e-mail address. Nothing has been declared yet.",
    withdraw_received_title: "Your withdrawal has been received",
    decision_effective: "Your withdrawal is effective. The price is refunded within 14 days, the way you paid (section 357 BGB).",
    decision_refunded: "The whole price has been refunded already.",
    decision_unpaid: "No payment has come in for this order. There is nothing to refund.",
    decision_unclear: "Your declaration is being looked at, and you get an answer by e-mail.",

    // errors
    not_found_title: "Page not found",
    not_found_text: "There is nothing here, or it does not belong to your account.",

    // with something filled in
    sold_by: |seller| format!("Sold by {seller}"),
    buy_product: |name| format!("Buy {name}"),
    credits_included: |credits| format!("{credits} included"),
    vat: |rate| format!("VAT included ({rate})"),
    purchase_of_number: |number| format!("Purchase number {number}"),
    withdraw_received: |at, email| format!("Received on {at}. The acknowledgement goes to {email}."),
    decision_delivered: |ordered, paid| {
        format!(
            "Your right of withdrawal has ended for this purchase (section 356 (5) BGB): when ordering on {ordered} you asked for the credits to be added at once, and acknowledged that your right of withdrawal then ends. They were added on {paid}, and your consent was confirmed to you by e-mail."
        )
    },
    decision_late: |ordered| {
        format!(
            "Your right of withdrawal has ended for this purchase: the 14 days since the order on {ordered} are over (section 355 (2) BGB)."
        )
    },

    // mail
    greeting: "Hello,",
    confirmation_lead: "thank you for your purchase. We confirm the contract; your payment has come in, and the credits are on your balance.",
    consent_title: "Your consent",
    consent_ends_right: "With the credits added and this confirmation, your right of withdrawal has ended (section 356 (5) BGB).",
    attached: "Attached are the receipt, the terms and the notice of withdrawal as they stand today. Please keep this e-mail.",
    acknowledgement_lead: "your declaration of withdrawal has been received. This is what you declared:",
    received_at: "Received",
    confirmation_subject: |product| format!("Confirmation of your purchase: {product}"),
    acknowledgement_subject: |at| format!("Your withdrawal of {at} has been received"),
    consented: |at| format!("When ordering on {at} you declared:"),

    // pages that need nothing: a title, and a sentence
    refused: ("Request refused", "The request came from another site. Please try again in the shop."),
    unreachable: ("Not available just now", "Please try again in a moment."),
    wrong_request: ("That did not work", "The request could not be processed. Please try again in the shop."),
    our_fault: ("Something went wrong", "It is our fault and has been written down. Please try again later."),
};
