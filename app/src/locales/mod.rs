//! The shop's texts. A text that a language lacks is a compile error, and so is an unused one.

use billing::locale::Locale;
use leptos::prelude::use_context;

use crate::wall_time::WallTime;

macro_rules! texts_in_files {
    ($($locale:ident = $tag:literal in $file:ident),+) => {
        $(mod $file;)+

        impl IslandTexts {
            /// The texts of a language.
            pub(crate) fn of(locale: Locale) -> &'static Self {
                match locale { $(Locale::$locale => &$file::ISLAND_TEXTS),+ }
            }
        }

        impl Texts {
            /// The texts of a language.
            pub(crate) fn of(locale: Locale) -> &'static Self {
                match locale { $(Locale::$locale => &$file::TEXTS),+ }
            }
        }

        impl Conventions {
            /// The conventions of a language.
            pub(crate) fn of(locale: Locale) -> &'static Self {
                match locale { $(Locale::$locale => &$file::CONVENTIONS),+ }
            }
        }
    };
}

billing::languages!(texts_in_files);

/// The texts of the page's islands, in its language.
pub(crate) fn island_texts() -> &'static IslandTexts {
    IslandTexts::of(page_locale())
}

/// The texts of the page being rendered, in its language.
pub(crate) fn texts() -> &'static Texts {
    Texts::of(page_locale())
}

/// The page's language, from the context.
pub(crate) fn page_locale() -> Locale {
    use_context::<Locale>().unwrap_or_default()
}

/// A language's formats of numbers, money and dates.
pub(crate) struct Conventions {
    /// The decimal separator.
    pub(crate) point: char,
    /// The thousands separator.
    pub(crate) group: char,
    /// Formats money from its sign, which may be empty, and its amount.
    pub(crate) euro: fn(sign: &str, amount: &str) -> String,
    /// The suffix of a percentage.
    pub(crate) per_cent: &'static str,
    /// `22.11.2026`.
    pub(crate) date: fn(at: WallTime) -> String,
    /// The suffix of a time.
    pub(crate) oclock: &'static str,
    /// The delimiter of columns in tables for spreadsheets.
    pub(crate) column: u8,
}

/// The texts of islands in one language; the browser loads them too.
pub(crate) struct IslandTexts {
    /// The language.
    pub(crate) locale: Locale,

    // general
    pub(crate) close: &'static str,
    pub(crate) reload: &'static str,
    pub(crate) connection_lost: &'static str,
    pub(crate) balance: &'static str,
    pub(crate) available: &'static str,
    pub(crate) credits: &'static str,
    pub(crate) unit_price: &'static str,
    pub(crate) product: &'static str,
    pub(crate) amount: &'static str,
    pub(crate) total: &'static str,
    pub(crate) status: &'static str,
    pub(crate) ordered_at: &'static str,
    pub(crate) to_shop: &'static str,
    pub(crate) receipt: &'static str,
    pub(crate) show_receipt: &'static str,
    pub(crate) order_again: &'static str,

    // accounts
    pub(crate) sign_in: &'static str,

    // shop
    pub(crate) shop_title: &'static str,
    pub(crate) history_title: &'static str,
    pub(crate) history_empty: &'static str,
    pub(crate) history_older: &'static str,
    pub(crate) history_newest: &'static str,
    pub(crate) history_csv: &'static str,
    pub(crate) history_continue: &'static str,
    pub(crate) history_check: &'static str,
    pub(crate) details: &'static str,

    // order
    pub(crate) order_title: &'static str,
    pub(crate) order_button: &'static str,
    pub(crate) delivery: &'static str,
    pub(crate) delivery_at_once: &'static str,
    pub(crate) order_sending: &'static str,
    pub(crate) redirect_pay: &'static str,
    pub(crate) redirect_pay_link: &'static str,
    pub(crate) order_hint: &'static str,
    pub(crate) order_hint_mock: &'static str,

    // after payment
    pub(crate) success_title: &'static str,
    pub(crate) balance_overdrawn: &'static str,
    pub(crate) unpaid_title: &'static str,
    pub(crate) unpaid_text: &'static str,
    pub(crate) processing_title: &'static str,
    pub(crate) processing_text: &'static str,
    pub(crate) processing_unreachable: &'static str,
    pub(crate) failed_title: &'static str,
    pub(crate) failed_text: &'static str,
    pub(crate) refunded_title: &'static str,
    pub(crate) cancel_title: &'static str,
    pub(crate) cancel_text: &'static str,
    pub(crate) cancel_processing_text: &'static str,
    pub(crate) cancel_unknown_title: &'static str,
    pub(crate) cancel_unknown_text: &'static str,
    pub(crate) cancel_paid_title: &'static str,
    pub(crate) cancel_paid_text: &'static str,
    pub(crate) discarded_title: &'static str,
    pub(crate) discarded_text: &'static str,
    pub(crate) continue_to_payment: &'static str,
    pub(crate) discard: &'static str,
    pub(crate) discarding: &'static str,

    // status
    pub(crate) status_pending: &'static str,
    pub(crate) status_processing: &'static str,
    pub(crate) status_paid: &'static str,
    pub(crate) status_refunded: &'static str,
    pub(crate) status_partly_refunded: &'static str,
    pub(crate) status_disputed: &'static str,
    pub(crate) status_expired: &'static str,
    pub(crate) status_cancelled: &'static str,
    pub(crate) status_failed: &'static str,

    // errors
    pub(crate) error_not_signed_in: &'static str,
    pub(crate) error_not_found: &'static str,
    pub(crate) error_unknown_product: &'static str,
    pub(crate) error_consent_missing: &'static str,
    pub(crate) error_key_reused: &'static str,
    pub(crate) error_too_many_orders: &'static str,
    pub(crate) error_provider_unavailable: &'static str,
    pub(crate) error_payment_unknown: &'static str,
    pub(crate) error_rejected: &'static str,
    pub(crate) error_unavailable: &'static str,
    pub(crate) error_malformed: &'static str,
    pub(crate) error_unreachable: &'static str,

    // with something filled in
    pub(crate) vat_included: fn(rate: &str) -> String,
    pub(crate) success_booked: fn(credits: &str, price: &str) -> String,
    pub(crate) per_credit: fn(price: &str) -> String,
    pub(crate) saved: fn(saving: &str) -> String,
}

/// All texts in one language: those of the islands, and those that only the server needs.
pub(crate) struct Texts {
    islands: &'static IslandTexts,
    /// The language's own name.
    pub(crate) language_name: &'static str,

    // general
    pub(crate) language: &'static str,
    pub(crate) skip_to_content: &'static str,
    pub(crate) mock_banner: &'static str,
    pub(crate) paid_by_stripe: &'static str,
    pub(crate) purchase: &'static str,

    // accounts
    pub(crate) sign_up: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) password_rule: &'static str,
    pub(crate) no_account: &'static str,
    pub(crate) have_account: &'static str,
    pub(crate) demo_account: &'static str,
    pub(crate) problem_invalid_credentials: &'static str,
    pub(crate) problem_too_many_attempts: &'static str,
    pub(crate) problem_invalid_email: &'static str,
    pub(crate) problem_weak_password: &'static str,
    pub(crate) problem_email_taken: &'static str,
    pub(crate) problem_other: &'static str,

    // shop
    pub(crate) shop_lead: &'static str,
    pub(crate) invitation: &'static str,
    pub(crate) promises: [&'static str; 3],
    pub(crate) products_title: &'static str,
    pub(crate) buy: &'static str,

    // receipt
    pub(crate) seller: &'static str,
    pub(crate) buyer: &'static str,
    pub(crate) vat_id: &'static str,
    pub(crate) receipt_number: &'static str,
    pub(crate) issued_at: &'static str,
    pub(crate) supplied_at: &'static str,
    pub(crate) purchase_number: &'static str,
    pub(crate) paid_at: &'static str,
    pub(crate) refunded_at: &'static str,
    pub(crate) refunded_amount: &'static str,
    pub(crate) payment_ref: &'static str,
    pub(crate) net: &'static str,
    pub(crate) entry_at: &'static str,
    pub(crate) receipt_no_invoice: &'static str,
    pub(crate) purchase_unpaid: &'static str,
    pub(crate) returns: &'static str,
    pub(crate) date: &'static str,
    pub(crate) return_kind: &'static str,
    pub(crate) return_refund_failed: &'static str,
    pub(crate) return_inquiry: &'static str,
    pub(crate) pdf: &'static str,
    pub(crate) print: &'static str,

    // account
    pub(crate) entries: &'static str,
    pub(crate) entry_kind: &'static str,
    pub(crate) entry_purchase: &'static str,
    pub(crate) entry_refund: &'static str,
    pub(crate) entry_refund_reversal: &'static str,
    pub(crate) entry_dispute: &'static str,
    pub(crate) entry_dispute_reversal: &'static str,
    pub(crate) entry_spend: &'static str,
    pub(crate) entry_spend_reversal: &'static str,
    pub(crate) entry_grant: &'static str,
    pub(crate) entry_grant_reversal: &'static str,
    pub(crate) ledger_empty: &'static str,
    pub(crate) ledger_older: &'static str,
    pub(crate) ledger_newest: &'static str,
    pub(crate) filter_kind: &'static str,
    pub(crate) filter_all: &'static str,
    pub(crate) filter_apply: &'static str,
    pub(crate) filter_none: &'static str,
    pub(crate) ledger_csv: &'static str,
    pub(crate) entry_number: &'static str,
    pub(crate) balance_after: &'static str,
    pub(crate) description: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) held: &'static str,
    pub(crate) holds_title: &'static str,
    pub(crate) holds_text: &'static str,
    pub(crate) hold_unnamed: &'static str,
    pub(crate) chart_title: &'static str,
    pub(crate) why_purchase: &'static str,
    pub(crate) why_refund: &'static str,
    pub(crate) why_refund_reversal: &'static str,
    pub(crate) why_dispute: &'static str,
    pub(crate) why_dispute_reversal: &'static str,
    pub(crate) why_spend: &'static str,
    pub(crate) why_spend_reversal: &'static str,
    pub(crate) why_grant: &'static str,
    pub(crate) why_grant_reversal: &'static str,
    pub(crate) chart_says: fn(from: &str, since: &str, to: &str, until: &str) -> String,
    /// The same for entries within one minute.
    pub(crate) chart_says_at_once: fn(from: &str, to: &str, at: &str) -> String,
    pub(crate) held_until: fn(credits: &str, end: &str) -> String,
    pub(crate) account_title: &'static str,

    // legal
    pub(crate) legal: &'static str,
    pub(crate) legal_sample: &'static str,
    pub(crate) imprint: &'static str,
    pub(crate) terms: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) withdrawal: &'static str,

    // withdrawing
    pub(crate) withdraw: &'static str,
    pub(crate) withdraw_lead: &'static str,
    pub(crate) withdraw_name: &'static str,
    pub(crate) withdraw_contract: &'static str,
    pub(crate) withdraw_contract_hint: &'static str,
    pub(crate) withdraw_email: &'static str,
    pub(crate) withdraw_button: &'static str,
    pub(crate) withdraw_problem_incomplete: &'static str,
    pub(crate) withdraw_received_title: &'static str,
    pub(crate) decision_effective: &'static str,
    pub(crate) decision_refunded: &'static str,
    pub(crate) decision_unpaid: &'static str,
    pub(crate) decision_unclear: &'static str,

    // errors
    pub(crate) not_found_title: &'static str,
    pub(crate) not_found_text: &'static str,

    // with something filled in
    pub(crate) sold_by: fn(seller: &str) -> String,
    pub(crate) buy_product: fn(name: &str) -> String,
    pub(crate) credits_included: fn(credits: &str) -> String,
    pub(crate) vat: fn(rate: &str) -> String,
    pub(crate) purchase_of_number: fn(number: &str) -> String,
    pub(crate) withdraw_received: fn(at: &str, email: &str) -> String,
    pub(crate) decision_delivered: fn(ordered: &str, paid: &str) -> String,
    pub(crate) decision_late: fn(ordered: &str) -> String,

    // mail
    pub(crate) greeting: &'static str,
    pub(crate) confirmation_lead: &'static str,
    pub(crate) consent_title: &'static str,
    pub(crate) consent_ends_right: &'static str,
    pub(crate) attached: &'static str,
    pub(crate) acknowledgement_lead: &'static str,
    pub(crate) received_at: &'static str,
    pub(crate) confirmation_subject: fn(product: &str) -> String,
    pub(crate) acknowledgement_subject: fn(at: &str) -> String,
    pub(crate) consented: fn(at: &str) -> String,

    // pages that need nothing: a title, and a sentence
    pub(crate) refused: (&'static str, &'static str),
    pub(crate) unreachable: (&'static str, &'static str),
    pub(crate) wrong_request: (&'static str, &'static str),
    pub(crate) our_fault: (&'static str, &'static str),
}

/// Pages use the texts of islands too.
impl std::ops::Deref for Texts {
    type Target = IslandTexts;

    fn deref(&self) -> &IslandTexts {
        self.islands
    }
}
