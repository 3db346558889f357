//! Messages on the page.

use leptos::prelude::*;

use super::icon::{Icon, Shape};

/// The tone of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Waiting,
    Bad,
    Plain,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "notice notice-good",
            Self::Waiting => "notice notice-waiting",
            Self::Bad => "notice notice-bad",
            Self::Plain => "notice notice-plain",
        }
    }

    fn mark_class(self) -> &'static str {
        match self {
            Self::Good => "mark mark-good",
            Self::Waiting => "mark mark-waiting",
            Self::Bad => "mark mark-bad",
            Self::Plain => "mark mark-plain",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self::Good => Shape::Check,
            Self::Waiting => Shape::Clock,
            Self::Bad | Self::Plain => Shape::Info,
        }
    }
}

/// A message in a box; errors are announced.
#[component]
pub(crate) fn Notice<C: IntoView + 'static>(tone: Tone, children: TypedChildren<C>) -> impl IntoView {
    let role = matches!(tone, Tone::Bad).then_some("alert");
    view! {
        <div class=tone.class() role=role>
            <Icon shape=tone.shape() />
            <div>{children.into_inner()()}</div>
        </div>
    }
}

/// Why a form was refused. Has the focus, so that screen readers read it first.
#[component]
pub(crate) fn Refusal(#[prop(optional)] id: Option<&'static str>, text: &'static str) -> impl IntoView {
    view! {
        <div class="outline-none" id=id tabindex="-1" autofocus>
            <Notice tone=Tone::Bad>{text}</Notice>
        </div>
    }
}

/// The icon of an outcome, above its headline.
#[component]
pub(crate) fn Mark(tone: Tone) -> impl IntoView {
    view! {
        <span class=tone.mark_class()>
            <Icon shape=tone.shape() />
        </span>
    }
}
