//! What islands are rendered with.

use serde::{Deserialize, Serialize, Serializer};

/// Data of an island. The server serialises it into the page; the browser reads it and never writes it, so that the
/// code for that is not loaded: Leptos calls it on both sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct IslandData<T>(pub(crate) T);

impl<T: Serialize> Serialize for IslandData<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(feature = "ssr") { self.0.serialize(serializer) } else { serializer.serialize_unit() }
    }
}
