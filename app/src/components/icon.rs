//! The icons; all are decorative.

use leptos::prelude::*;

/// The shape of an icon.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Coin,
    Check,
    Clock,
    Cross,
    Exit,
    Info,
    Lock,
}

impl Shape {
    /// All shapes.
    pub(crate) const ALL: [Self; 7] =
        [Self::Coin, Self::Check, Self::Clock, Self::Cross, Self::Exit, Self::Info, Self::Lock];

    fn path(self) -> &'static str {
        match self {
            Self::Coin => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM15 9.2A4 4 0 1 0 15 14.8",
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7.5V12l3 2",
            Self::Cross => "M6 6l12 12M18 6 6 18",
            Self::Exit => "M10 4.5H5.5v15H10M10 12h9.5M16 8.5l3.5 3.5-3.5 3.5",
            Self::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 7.75v.5",
            Self::Lock => "M6.5 10.5h11v9h-11zM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5",
        }
    }
}

/// An icon in the size and colour of the surrounding text.
#[component]
pub(crate) fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=shape.path() />
        </svg>
    }
}
