//! The document around every page.

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
    components::{Footer, Header, MockBanner, PageBalance},
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

/// Whether something of the page moves: nothing does for whoever is not signed in. The page of components is to be
/// looked at, and has no balance of its visitor's.
fn has_islands(page: &PageContext) -> bool {
    page.signed_in() && !api::is_at(routes::COMPONENTS)
}

/// A page fades into the next one. A browser that breaks that off, since the visitor was quicker, complains of it
/// unless somebody listens (<https://github.com/w3c/csswg-drafts/issues/13726>), and so it does of a page that knows of
/// no fading. So it is asked for here, in each page that listens, and given up before a PDF.
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
"#;
    view! { <script nonce=use_nonce()>{FADE}</script> }
}

/// Loads the front end while the page still comes in, but after what the page is seen with: the page can be used
/// before. Then it hydrates the islands.
#[component]
fn Islands(
    /// Its address, without an ending.
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

/// What search engines and messengers look at: the same page in other languages, and a picture.
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

/// A property of the Open Graph protocol (<https://ogp.me>), whose attribute is none of HTML's own.
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

/// What is around the pages, and the pages. Each is answered whole, so that all of it is there without JavaScript.
#[component]
fn Frame() -> impl IntoView {
    let page = expect_context::<PageContext>();
    let confirmation = confirmation();
    provide_context(confirmation.clone());
    let balance = page.balance;
    let balance = async move {
        match confirmation {
            // Confirming may have booked credits since the request came.
            Some(confirmation) => confirmation.await.map_or(balance, |status| Some(status.balance)),
            None => balance,
        }
    };
    provide_context(PageBalance(balance.boxed().shared()));
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
