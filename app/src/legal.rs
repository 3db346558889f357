//! The pages that the law requires.

use crate::locales::Texts;

/// A page with a text of the operator.
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
    /// All pages, in the order of the links to them.
    pub const ALL: [Self; 4] = [Self::Imprint, Self::Terms, Self::Privacy, Self::Withdrawal];

    /// Its name in URLs and file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imprint => "imprint",
            Self::Terms => "terms",
            Self::Privacy => "privacy",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// Its path.
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

    /// The page with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }
}
