//! The data of islands.

use serde::{Deserialize, Serialize, Serializer};

/// Data of an island. The server serialises it into the page, and the browser only deserialises it. Leptos requires
/// `Serialize` on both sides; this wrapper keeps its code out of the WASM.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct IslandData<T>(pub(crate) T);

impl<T: Serialize> Serialize for IslandData<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(feature = "ssr") { self.0.serialize(serializer) } else { serializer.serialize_unit() }
    }
}
