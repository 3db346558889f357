//! A group of the wallet's requests: what they name, what is read when their tenants are locked, and what is written at once.

use std::collections::BTreeSet;

use billing::{
    store::StoreError,
    wallet::{Changes, Command, Hold, Request, Wave},
};

use super::wallet_rows::{EntryInsert, HoldRow, KeyRow, ReversalRow, SpendRow, StoredGrant, WalletRow, rows};

/// What the requests of a group name, each once and in order.
pub(crate) struct Named {
    pub tenants: Vec<String>,
    pub keys: Vec<String>,
    pub holds: Vec<String>,
    pub spends: Vec<String>,
    pub grants: Vec<String>,
    /// The API keys that ask.
    pub api_keys: Vec<String>,
    /// Those among them that have a daily cap.
    pub capped: Vec<String>,
}

impl Named {
    pub(crate) fn of(requests: &[Request]) -> Self {
        fn each(names: impl Iterator<Item = String>) -> Vec<String> {
            names.collect::<BTreeSet<_>>().into_iter().collect()
        }
        let commands = || requests.iter().map(|request| &request.command);
        Self {
            tenants: each(requests.iter().map(|request| request.tenant_id.to_string())),
            keys: each(requests.iter().map(|request| request.key.as_str().to_owned())),
            holds: each(commands().filter_map(Command::hold).map(|id| id.to_string())),
            spends: each(commands().filter_map(Command::spend).map(|id| id.to_string())),
            grants: each(commands().filter_map(Command::grant).map(|id| id.to_string())),
            api_keys: each(requests.iter().filter_map(|request| request.api_key).map(|id| id.to_string())),
            capped: each(requests.iter().filter_map(|request| request.daily_cap).map(|cap| cap.api_key.to_string())),
        }
    }
}

/// What is read when the tenants of a group are locked.
#[derive(Default)]
pub(crate) struct Locked {
    pub wallets: Vec<WalletRow>,
    /// Whether any of the tenants may have active holds.
    pub has_holds: bool,
    /// Whether any of the idempotency keys may have been used before.
    pub keys_known: bool,
    /// The API keys that are revoked.
    pub revoked: Vec<String>,
}

/// What is written at once, kind by kind in this order; each a JSON array of rows with the columns' names.
#[derive(Default)]
pub(crate) struct WaveRows {
    pub freed: Option<String>,
    pub spends: Option<String>,
    pub grants: Option<String>,
    pub reversals: Option<String>,
    pub entries: Option<String>,
    pub made: Option<String>,
    pub extended: Option<String>,
    pub keys: Option<String>,
}

impl WaveRows {
    /// What the changes write, wave by wave; the keys with the last wave, to save a round trip.
    pub(crate) fn of(changes: &Changes) -> Result<Vec<Self>, StoreError> {
        let mut waves = changes.waves.iter().map(Self::of_wave).collect::<Result<Vec<_>, _>>()?;
        let keys = rows(&changes.keys.iter().map(KeyRow::new).collect::<Result<Vec<_>, _>>()?)?;
        match waves.last_mut() {
            Some(last) => last.keys = keys,
            None if keys.is_some() => waves.push(Self { keys, ..Self::default() }),
            None => {}
        }
        Ok(waves)
    }

    fn of_wave(wave: &Wave) -> Result<Self, StoreError> {
        let entries: Vec<_> = wave.postings.iter().map(|posting| EntryInsert::new(&posting.entry)).collect();
        Ok(Self {
            freed: holds(&wave.freed)?,
            spends: rows(&SpendRow::of(&wave.postings)?)?,
            grants: rows(&StoredGrant::of(&wave.postings))?,
            reversals: rows(&ReversalRow::of(&wave.postings))?,
            entries: rows(&entries)?,
            made: holds(&wave.made)?,
            extended: holds(&wave.extended)?,
            keys: None,
        })
    }
}

fn holds(holds: &[Hold]) -> Result<Option<String>, StoreError> {
    rows(&holds.iter().map(HoldRow::new).collect::<Result<Vec<_>, _>>()?)
}
