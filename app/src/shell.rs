//! The HTML document around every page.

use billing::locale::Locale;
use futures::FutureExt;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    ParamSegment, SsrMode, StaticSegment,
    components::{Route, Router, Routes},
};

use crate::{
    api::{self, Addresses, PageContext},
    components::{Footer, Header, MockBanner, PageFunds},
    islands::{BalanceFollower, LiveBalance},
    locales::Texts,
    page_title::{SHOP_NAME, window_title},
    pages::{
        CancelPage, DevComponentsPage, LedgerPage, LegalTextPage, NotFoundPage, ReceiptPage, ShopPage, SignInPage,
        SignUpPage, SuccessPage, WithdrawPage, confirmation,
    },
    routes,
};

/// The HTML document, for the server.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let page = api::page_context();
    let locale = page.locale;
    let front_end = format!("/{}/{}", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang=locale.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="description" content=Texts::of(locale).shop_lead />
                {api::addresses().map(|addresses| view! { <FromElsewhere addresses=addresses locale=locale /> })}
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link rel="stylesheet" href=format!("{front_end}.css") />
                <AutoReload options=options />
                <Transitions />
                {has_islands(&page).then(|| view! { <Islands front_end=front_end /> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Whether the page has islands that are hydrated. Pages without a signed-in user have none, and the page of components
/// shows its islands without hydration.
fn has_islands(page: &PageContext) -> bool {
    page.signed_in() && !api::is_at(routes::COMPONENTS)
}

/// Fades from one page into the next. When a browser aborts a view transition, it reports an unhandled rejection unless
/// a script handles the promises (<https://github.com/w3c/csswg-drafts/issues/13726>). So this script both enables the
/// transitions and handles the promises, and pages without it have no transitions. It skips the transition to a PDF. A page
/// that the browser shows before this script has run gets no such event: then the rejection itself is handled.
#[component]
fn Transitions() -> impl IntoView {
    const FADE: &str = r#"
const fading = new CSSStyleSheet();
fading.replaceSync("@media (prefers-reduced-motion: no-preference) { @view-transition { navigation: auto } }");
document.adoptedStyleSheets = [fading];
for (const move of ["pageswap", "pagereveal"]) addEventListener(move, ({ viewTransition: fade, activation }) => {
if (!fade) return;
for (const end of [fade.ready, fade.updateCallbackDone, fade.finished]) end.catch(() => {});
if (activation?.entry?.url?.endsWith(".pdf")) fade.skipTransition();
});
addEventListener("unhandledrejection", (event) => {
if (/^Transition was aborted/.test(event.reason?.message)) event.preventDefault();
});
"#;
    view! { <script nonce=use_nonce()>{FADE}</script> }
}

/// Loads the front end while the page is loading, with a lower priority than the styles, and hydrates the islands. The
/// page is usable before that.
#[component]
fn Islands(
    /// The front end's URL, without a file extension.
    front_end: String,
) -> impl IntoView {
    let nonce = use_nonce();
    let (script, wasm) = (format!("{front_end}.js"), format!("{front_end}.wasm"));
    let start = format!(
        "import start, * as islands from \"{script}\";\n\
         await start({{ module_or_path: \"{wasm}\" }});\n\
         islands.hydrate();\n\
         for (const island of document.querySelectorAll(\"leptos-island\")) islands[island.dataset.component]?.(island);"
    );
    view! {
        <link rel="modulepreload" href=script nonce=nonce.clone() fetchpriority="low" />
        <link
            rel="preload"
            href=wasm
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
            fetchpriority="low"
        />
        <script type="module" nonce=nonce>
            {start}
        </script>
    }
}

/// Metadata for search engines and messengers: the same page in other languages, and a picture.
#[component]
fn FromElsewhere(addresses: Addresses, locale: Locale) -> impl IntoView {
    let Addresses { shop, page, asked } = addresses;
    let alternates = page.map(|page| {
        let in_asked = asked.map(|locale| format!("?lang={}", locale.as_str())).unwrap_or_default();
        let in_language = Locale::ALL.map(|locale| {
            let tag = locale.as_str();
            view! { <link rel="alternate" hreflang=tag href=format!("{page}?lang={tag}") /> }
        });
        view! {
            <link rel="canonical" href=format!("{page}{in_asked}") />
            {in_language}
            <link rel="alternate" hreflang="x-default" href=page />
        }
    });
    view! {
        {alternates}
        {property("og:type", "website".to_owned())}
        {property("og:title", SHOP_NAME.to_owned())}
        {property("og:description", Texts::of(locale).shop_lead.to_owned())}
        {property("og:image", format!("{shop}/social.png"))}
        {property("og:locale", locale.as_str().to_owned())}
    }
}

/// A property of the Open Graph protocol (<https://ogp.me>). Set by hand, because its attribute `property` is not part
/// of HTML.
fn property(name: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", name).content(content)
}

/// The pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let page = api::page_context();
    provide_context(page.locale);
    provide_context(page);
    provide_context(LiveBalance::new());
    view! {
        <Title formatter=|page: String| window_title(&page) />
        <Router>
            <Frame />
        </Router>
    }
}

/// The pages with header and footer. Each page is sent as a whole, so that it is complete without JavaScript.
#[component]
fn Frame() -> impl IntoView {
    let page = expect_context::<PageContext>();
    let confirmation = confirmation();
    provide_context(confirmation.clone());
    let funds = page.funds;
    let funds = async move {
        match confirmation {
            // Confirming may have booked credits since the request started.
            Some(confirmation) => confirmation.await.map_or(funds, |status| Some(status.funds)),
            None => funds,
        }
    };
    provide_context(PageFunds(funds.boxed().shared()));
    let follower = has_islands(&page).then(|| page.email.unwrap_or_default());
    view! {
        <MockBanner />
        <Header />
        <main class="frame" id="main" tabindex="-1">
            <Routes fallback=NotFoundPage>
                <Route path=StaticSegment("") view=ShopPage ssr=SsrMode::Async />
                <Route
                    path=(StaticSegment("checkout"), StaticSegment("success"))
                    view=SuccessPage
                    ssr=SsrMode::Async
                />
                <Route path=(StaticSegment("checkout"), StaticSegment("cancel")) view=CancelPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("purchases"), ParamSegment("id")) view=ReceiptPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("legal"), ParamSegment("page")) view=LegalTextPage ssr=SsrMode::Async />
                <Route path=StaticSegment("account") view=LedgerPage ssr=SsrMode::Async />
                <Route path=(StaticSegment("dev"), StaticSegment("components")) view=DevComponentsPage ssr=SsrMode::Async />
                <Route path=StaticSegment("withdraw") view=WithdrawPage ssr=SsrMode::Async />
                <Route path=StaticSegment("signin") view=SignInPage ssr=SsrMode::Async />
                <Route path=StaticSegment("signup") view=SignUpPage ssr=SsrMode::Async />
            </Routes>
        </main>
        <Footer />
        {follower.map(|email| view! { <BalanceFollower email=email /> }.into_any())}
    }
}
