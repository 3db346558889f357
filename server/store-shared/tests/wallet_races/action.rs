//! What a task does.

use billing::{
    ids::{GrantId, HoldId, PurchaseId, SpendId},
    wallet::{Amount, Command, Details, Reason, SpendLine, Ttl},
};
use serde::{Deserialize, Serialize};

use super::journal::Known;

/// What a task does, with everything that another process needs to repeat it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Action {
    Spend { credits: Amount },
    SpendBulk { credits: Amount },
    Hold { credits: Amount, ttl: Ttl },
    Capture { hold: HoldId, credits: Amount, last: bool },
    Release { hold: HoldId },
    Extend { hold: HoldId, credits: Amount },
    ReverseSpend { spend: SpendId, credits: Amount },
    Grant { credits: Amount },
    ReverseGrant { grant: GrantId, credits: Amount },
    Buy,
    Refund { purchase: PurchaseId, cents: i64 },
    ExpireHolds,
}

impl Action {
    /// The names of all.
    pub const NAMES: [&str; 12] = [
        "Spend",
        "SpendBulk",
        "Hold",
        "Capture",
        "Release",
        "Extend",
        "ReverseSpend",
        "Grant",
        "ReverseGrant",
        "Buy",
        "Refund",
        "ExpireHolds",
    ];

    pub fn name(self) -> String {
        format!("{self:?}").chars().take_while(char::is_ascii_alphabetic).collect()
    }

    /// What the platform asks for; `None` for what others do.
    pub fn command(self) -> Option<Command> {
        let reason = || Reason::try_from("race".to_owned()).unwrap();
        let line = |credits| SpendLine { credits, details: Details::default() };
        Some(match self {
            Self::Spend { credits } => Command::Spend(line(credits)),
            Self::SpendBulk { credits } => Command::SpendBulk(vec![line(credits), line(credits)]),
            Self::Hold { credits, ttl } => Command::Hold { credits, ttl, details: Details::default() },
            Self::Capture { hold, credits, last } => {
                Command::Capture { hold, credits: Some(credits), last, description: None }
            }
            Self::Release { hold } => Command::Release { hold },
            Self::Extend { hold, credits } => {
                Command::Extend { hold, ttl: Ttl::try_from(1).unwrap(), credits: Some(credits) }
            }
            Self::ReverseSpend { spend, credits } => {
                Command::ReverseSpend { spend, credits: Some(credits), reason: reason() }
            }
            Self::Grant { credits } => Command::Grant { credits, reason: reason() },
            Self::ReverseGrant { grant, credits } => {
                Command::ReverseGrant { grant, credits: Some(credits), reason: reason() }
            }
            Self::Buy | Self::Refund { .. } | Self::ExpireHolds => return None,
        })
    }
}

/// A small generator of numbers: the same for the same seed, and others for each task.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, task: u64) -> Self {
        let mut dice = Self(seed ^ (task + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // The first numbers of neighbouring seeds resemble each other.
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// The index of one of so many; mostly of the newest, because little can become of what is old.
    pub fn index(&mut self, count: usize) -> Option<usize> {
        let recent = if self.roll(4) > 0 { count.min(50) } else { count };
        (recent > 0).then(|| count - 1 - self.roll(recent))
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        self.index(all.len()).map(|index| all[index])
    }

    fn number(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.roll(usize::try_from(to - from + 1).unwrap())).unwrap()
    }

    fn amount(&mut self) -> Amount {
        Amount::try_from(self.number(1, 5)).unwrap()
    }

    /// Anything that can be done to what is known.
    pub fn action(&mut self, known: &Known) -> Action {
        let credits = self.amount();
        match self.roll(17) {
            0..=2 => Some(Action::Spend { credits }),
            3 => Some(Action::SpendBulk { credits }),
            4..=6 => Some(Action::Hold { credits, ttl: Ttl::try_from(self.number(1, 2)).unwrap() }),
            7 | 8 => self.pick(&known.holds).map(|hold| Action::Capture { hold, credits, last: self.roll(2) == 0 }),
            9 => self.pick(&known.holds).map(|hold| Action::Release { hold }),
            10 => self.pick(&known.holds).map(|hold| Action::Extend { hold, credits }),
            11 => self.pick(&known.spends).map(|spend| Action::ReverseSpend { spend, credits }),
            12 => self.pick(&known.grants).map(|grant| Action::ReverseGrant { grant, credits }),
            13 => Some(Action::Buy),
            14 => self.pick(&known.purchases).map(|purchase| {
                let cents = self.number(1, 500);
                Action::Refund { purchase, cents }
            }),
            15 => Some(Action::ExpireHolds),
            _ => None,
        }
        .unwrap_or(Action::Grant { credits })
    }
}
