//! The Leptos context that the server provides to every page.

use std::sync::Arc;

use billing::{Billing, account::Principal, consent::ConsentText, locale::Locale, receipt::Issuer, wallet::Funds};

use crate::legal::LegalPage;

/// The shop. One per process.
#[derive(Clone)]
pub struct Shop {
    /// The use cases.
    pub billing: Billing,
    /// The settings of the pages.
    pub settings: Arc<ShopSettings>,
}

/// The settings that pages use.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The shop's public URL, without a trailing slash.
    pub public_url: String,
    /// Whether the shop is in mock mode, without real money; a banner says so.
    pub mock: bool,
    /// The seller and the VAT rate.
    pub issuer: Issuer,
    /// The time zone of the times on pages.
    pub time_zone: jiff::tz::TimeZone,
    /// The legal texts.
    pub legal: Legal,
}

/// The legal texts, in every language.
#[derive(Clone, Debug)]
pub struct Legal(pub [LegalTexts; Locale::ALL.len()]);

impl Legal {
    /// The texts in one language.
    pub fn of(&self, locale: Locale) -> &LegalTexts {
        &self.0[locale as usize]
    }
}

/// The legal texts in one language.
#[derive(Clone, Debug)]
pub struct LegalTexts {
    /// The wording beside the check box in the order form.
    pub consent: ConsentText,
    /// A text for each of [`LegalPage::ALL`].
    pub pages: [LegalText; LegalPage::ALL.len()],
}

impl LegalTexts {
    /// The text of a page.
    pub fn page(&self, page: LegalPage) -> &LegalText {
        &self.pages[page as usize]
    }
}

/// The text of a legal page.
#[derive(Clone, Debug)]
pub struct LegalText {
    /// Rendered from the operator's Markdown, with HTML in it escaped.
    pub html: String,
    /// Whether it is a sample that the operator has to replace.
    pub sample: bool,
}

/// The values that a visitor has entered in a refused form, to fill it in again. Without passwords.
#[derive(Clone, Debug, Default)]
pub struct Entered {
    /// The name.
    pub name: String,
    /// The contract to withdraw from.
    pub contract: String,
    /// The e-mail address.
    pub email: String,
}

/// The user and language of a request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The signed-in user, if any.
    pub principal: Option<Principal>,
    /// The tenant's credits when the request started; zero without a user.
    pub funds: Funds,
    /// The number of changes to the tenant's purchases and holds.
    pub changes: i64,
    /// The language of the answer.
    pub locale: Locale,
}
