//! The pages that the law asks for, by name.

use crate::locales::Texts;

/// A page whose text is the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegalPage {
    /// Who runs the shop (§ 5 DDG).
    Imprint,
    /// General terms (§ 305 BGB).
    Terms,
    /// Which personal data is processed (art. 13 GDPR).
    Privacy,
    /// The notice of the right of withdrawal (art. 246a § 1 (2) EGBGB).
    Withdrawal,
}

impl LegalPage {
    /// Every page, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Imprint, Self::Terms, Self::Privacy, Self::Withdrawal];

    /// Its name in addresses and of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imprint => "imprint",
            Self::Terms => "terms",
            Self::Privacy => "privacy",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// Its address.
    pub(crate) fn path(self) -> String {
        format!("/legal/{}", self.name())
    }

    /// Its heading.
    pub(crate) fn title(self, t: &Texts) -> &'static str {
        match self {
            Self::Imprint => t.imprint,
            Self::Terms => t.terms,
            Self::Privacy => t.privacy,
            Self::Withdrawal => t.withdrawal,
        }
    }

    /// The page of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }
}
