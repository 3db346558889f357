//! What the server gives to every page, by Leptos context.

use std::sync::Arc;

use billing::{Billing, account::Principal, consent::ConsentText, ledger::Balance, locale::Locale, receipt::Issuer};

use crate::legal::LegalPage;

/// The shop itself; one for the process.
#[derive(Clone)]
pub struct Shop {
    /// The use cases.
    pub billing: Billing,
    /// What the operator has set.
    pub settings: Arc<ShopSettings>,
}

/// What the operator has set, as far as pages show it.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The address that customers come by, without a slash at its end.
    pub public_url: String,
    /// No real money: sessions are made up, and a banner says so.
    pub mock: bool,
    /// Who sells, and at which VAT rate.
    pub issuer: Issuer,
    /// The zone that pages show times in.
    pub time_zone: jiff::tz::TimeZone,
    /// The operator's texts.
    pub legal: Legal,
}

/// The operator's texts, in every language.
#[derive(Clone, Debug)]
pub struct Legal(pub [LegalTexts; Locale::ALL.len()]);

impl Legal {
    /// In one language.
    pub fn of(&self, locale: Locale) -> &LegalTexts {
        &self.0[locale as usize]
    }
}

/// The operator's texts in one language.
#[derive(Clone, Debug)]
pub struct LegalTexts {
    /// What stands beside the box in the order form.
    pub consent: ConsentText,
    /// One for each of [`LegalPage::ALL`].
    pub pages: [LegalText; LegalPage::ALL.len()],
}

impl LegalTexts {
    /// That page's.
    pub fn page(&self, page: LegalPage) -> &LegalText {
        &self.pages[page as usize]
    }
}

/// A text, ready to be shown.
#[derive(Clone, Debug)]
pub struct LegalText {
    /// Made from the operator's Markdown, without any HTML of its own.
    pub html: String,
    /// It came with the shop, and is to be replaced.
    pub sample: bool,
}

/// What a visitor has entered in a form that was not taken, so that it need not be entered again; a password is not
/// among it.
#[derive(Clone, Debug, Default)]
pub struct Entered {
    /// Their name.
    pub name: String,
    /// The contract to be withdrawn from.
    pub contract: String,
    /// The e-mail address.
    pub email: String,
}

/// Who asks, in which language; one for each request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who is signed in, if anyone is.
    pub principal: Option<Principal>,
    /// Their credits as the request came; none when nobody is signed in.
    pub balance: Balance,
    /// Counts up whenever one of their purchases changes.
    pub changes: i64,
    /// The language to answer in.
    pub locale: Locale,
}
