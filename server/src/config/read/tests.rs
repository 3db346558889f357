//! The settings that are accepted, and the errors about the others.

use billing::store::OrderLimits;

use super::{super::settings::DatabaseLimits, *};
use crate::identity::KeyMode;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, WrongSettings> {
    Settings::read(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

fn wrong(pairs: &[(&str, &str)]) -> Vec<String> {
    read(pairs).map_or_else(|wrong| wrong.0, |_| Vec::new())
}

#[test]
fn nothing_set_is_mock_mode_on_this_machine() {
    let settings = read(&[("STRIPE_SECRET_KEY", ""), ("DATABASE_URL", "")]).unwrap();
    assert!(settings.mock());
    assert!(settings.webhook_secrets.is_empty());
    assert!(settings.operator_email.is_none() && !settings.webhook_allow_private);
    assert_eq!(settings.listen_addr.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.database_limits, DatabaseLimits { connections: None, time: Duration::from_secs(10) });
    assert_eq!(settings.database_wait, Duration::from_secs(30));
    assert_eq!(settings.issuer.vat_rate_basis_points, 1_900);
    assert_eq!(local_url(settings.listen_addr).unwrap().as_str(), "http://127.0.0.1:3000/");
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let names = [
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_CONNECTIONS", "1"),
        ("DATABASE_TIMEOUT_SECONDS", "0"),
        ("DATABASE_WAIT_SECONDS", "-1"),
        ("LISTEN_ADDR", "here"),
        ("ADMIN_ADDR", "4000"),
        ("PUBLIC_URL", "http://shop.example.com"),
        ("STRIPE_SECRET_KEY", "pk_live_1"),
        ("STRIPE_API_BASE", "ftp://x"),
        ("OPERATOR_EMAIL", "ops"),
        ("WEBHOOK_ALLOW_PRIVATE", "no"),
        ("VAT_RATE", "-1"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("LOG_FORMAT", "xml"),
        ("CLIENT_IP_HEADER", "no header"),
    ];
    let wrong = wrong(&names);
    assert_eq!(wrong.len(), names.len(), "{wrong:?}");
    for (name, _) in names {
        assert!(wrong.iter().any(|sentence| sentence.starts_with(name)), "{name}");
    }
}

#[test]
fn a_live_key_needs_a_webhook_secret_and_a_seller() {
    let seller = [("SELLER_NAME", "A"), ("SELLER_ADDRESS", "B"), ("SELLER_VAT_ID", "C")];
    for key in ["sk_live_1", "rk_live_1"] {
        let mut pairs = seller.to_vec();
        pairs.push(("STRIPE_SECRET_KEY", key));
        assert!(wrong(&pairs)[0].starts_with("STRIPE_WEBHOOK_SECRET is missing"));
        pairs.push(("STRIPE_WEBHOOK_SECRET", "whsec_1"));
        assert!(matches!(&wrong(&pairs)[..], [only] if only.starts_with("SMTP_URL is missing")));
        pairs.extend([("SMTP_URL", "smtps://mail.example.com"), ("MAIL_FROM", "a@example.com")]);
        assert!(read(&pairs).is_ok());
        pairs.push(("STRIPE_API_BASE", "http://127.0.0.1:1"));
        assert!(wrong(&pairs).iter().any(|sentence| sentence.starts_with("STRIPE_API_BASE")));
    }
    assert_eq!(wrong(&[("STRIPE_SECRET_KEY", "sk_live_1"), ("STRIPE_WEBHOOK_SECRET", "w")]).len(), 4);
}

#[test]
fn several_webhook_secrets_are_told_apart() {
    assert_eq!(read(&[("STRIPE_WEBHOOK_SECRET", " a, b\t")]).unwrap().webhook_secrets.len(), 2);
    assert!(read(&[("STRIPE_WEBHOOK_SECRET", "")]).unwrap().webhook_secrets.is_empty());
}

#[test]
fn a_list_with_an_item_that_is_none_is_wrong() {
    for bad in [",", " , ", "a,", ",a", "a,,b", "a, b ,,", "a b", "a,b c", "a,a", "a, a", "ä"] {
        let wrong = wrong(&[("STRIPE_WEBHOOK_SECRET", bad)]);
        assert!(matches!(&wrong[..], [only] if only.starts_with("STRIPE_WEBHOOK_SECRET is wrong")), "{bad}: {wrong:?}");
    }
    for name in ["SELLER_NAME", "SELLER_ADDRESS", "SELLER_VAT_ID"] {
        for bad in [",", "a,", "a,b,", "a,,b", ",a", "a\n\nb", "a,\n\nb", "a,,\nb", "a,\nb,\n", "a\u{7}"] {
            let wrong = wrong(&[(name, bad)]);
            let named = |only: &String| only.starts_with(&format!("{name} is wrong"));
            assert!(matches!(&wrong[..], [only] if named(only)), "{name}={bad:?}: {wrong:?}");
        }
    }
    let seller = read(&[("SELLER_NAME", " Muster, Meier & Co. KG ")]).unwrap().issuer.seller;
    assert_eq!(seller.name, "Muster, Meier & Co. KG");
    for good in ["Street 1, Town", "Street 1,\nTown", "Street 1\nTown\n", " Street 1 ,Town"] {
        assert_eq!(read(&[("SELLER_ADDRESS", good)]).unwrap().issuer.seller.address, ["Street 1", "Town"], "{good:?}");
    }
    for bad in [",", "info,", "info,,sqlx=warn", "sqlx=loud"] {
        assert!(wrong(&[("RUST_LOG", bad)])[0].starts_with("RUST_LOG is wrong"), "{bad}");
    }
    assert_eq!(read(&[("RUST_LOG", "")]).unwrap().log_filter, LOG_FILTER_DEFAULT);
    for (name, bad) in [
        ("STRIPE_SECRET_KEY", "sk_test_1 sk_test_2"),
        ("STRIPE_SECRET_KEY", "sk_test_1\n2"),
        ("SELLER_NAME", "A\nB"),
        ("SELLER_VAT_ID", "DE1\tDE2"),
        ("VAT_RATE", "19,"),
        ("VAT_RATE", "19%%"),
        ("CLIENT_IP_HEADER", "X-Real-IP,"),
        ("MAIL_FROM", "a@example.com, b@example.com"),
        ("LISTEN_ADDR", "127.0.0.1:3000,"),
        ("TIME_ZONE", "Europe/Berlin,"),
    ] {
        let wrong = wrong(&[(name, bad)]);
        assert!(wrong.iter().any(|sentence| sentence.starts_with(name)), "{name}={bad:?}: {wrong:?}");
    }
}

#[test]
fn a_setting_of_nothing_but_white_space_never_counts_as_unset() {
    let asked = std::cell::RefCell::new(Vec::new());
    Settings::read(|name| {
        asked.borrow_mut().push(name.to_owned());
        None
    })
    .unwrap();
    // Read where another one is set.
    let further = [("LEPTOS_SITE_ADDR", ("LEPTOS_WATCH", "ON"))];
    let asked = asked.into_inner();
    assert!(asked.len() > 25, "{asked:?}");
    let each = asked.iter().map(|name| (&**name, ("LEPTOS_WATCH", ""))).chain(further);
    for (name, with) in each {
        for blank in [" ", "\t", "\n \u{a0}"] {
            let wrong = wrong(&[(name, blank), with]);
            let named = |sentence: &&String| sentence.starts_with(&format!("{name} is wrong: it is nothing but white"));
            assert_eq!(wrong.iter().filter(named).count(), 1, "{name}: {wrong:?}");
        }
    }
}

#[test]
fn the_way_to_postgres_is_checked_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("ca.crt"), folder.path().join("bad.crt"));
    std::fs::write(&good, "-----BEGIN CERTIFICATE-----\n").unwrap();
    std::fs::write(&bad, "nothing").unwrap();
    let url = |query: &str| format!("postgres://shop:hidden@db.example.com/shop?{query}");
    let with_ca = |file: &std::path::Path| url(&format!("sslmode=verify-full&sslrootcert={}", file.display()));
    for right in [url(""), url("sslmode=require"), url("sslmode=VERIFY-CA"), with_ca(&good)] {
        assert_eq!(wrong(&[("DATABASE_URL", &right)]), Vec::<String>::new(), "{right}");
        let both = [("DATABASE_URL", "postgres://shop@127.0.0.1:6432/shop"), ("DATABASE_DIRECT_URL", &right)];
        assert_eq!(wrong(&both), Vec::<String>::new(), "{right}");
    }
    for (bad, said) in [
        (url("sslmode=yes"), "sslmode is one of disable, allow,"),
        (url("sslmode="), "sslmode is one of"),
        (with_ca(&bad), "holds no certificate"),
        (with_ca(&folder.path().join("none")), "cannot be read (No such file"),
        ("postgres://db:port/shop".to_owned(), "write it like postgres://"),
    ] {
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL"] {
            let wrong =
                wrong(&[("DATABASE_URL", "postgres://db/shop"), (name, &bad)][usize::from(name == "DATABASE_URL")..]);
            let fits = |only: &String| only.starts_with(&format!("{name} is wrong")) && only.contains(said);
            assert!(matches!(&wrong[..], [only] if fits(only) && !only.contains("hidden")), "{bad}: {wrong:?}");
        }
    }
    let direct = ("DATABASE_DIRECT_URL", "postgres://db/shop");
    assert!(wrong(&[direct])[0].starts_with("DATABASE_DIRECT_URL is set, but DATABASE_URL leads to no PostgreSQL"));
    assert!(
        wrong(&[("DATABASE_URL", "postgres://db/shop"), ("DATABASE_DIRECT_URL", "sqlite://a.db")])[0]
            .starts_with("DATABASE_DIRECT_URL is wrong")
    );
}

#[test]
fn only_a_live_shop_stops_late_unless_it_is_told_to() {
    let live = [
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("SELLER_NAME", "A"),
        ("SELLER_ADDRESS", "B"),
        ("SELLER_VAT_ID", "C"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("MAIL_FROM", "a@example.com"),
    ];
    assert_eq!(read(&live).unwrap().shutdown_delay, SHUTDOWN_DELAY_LIVE);
    assert_eq!(read(&[]).unwrap().shutdown_delay, Duration::ZERO);
    assert_eq!(read(&[("STRIPE_SECRET_KEY", "sk_test_1")]).unwrap().shutdown_delay, Duration::ZERO);
    assert_eq!(read(&[("SHUTDOWN_DELAY_SECONDS", "15")]).unwrap().shutdown_delay, Duration::from_secs(15));
    for bad in ["-1", "601", "soon"] {
        assert!(wrong(&[("SHUTDOWN_DELAY_SECONDS", bad)])[0].starts_with("SHUTDOWN_DELAY_SECONDS is wrong"), "{bad}");
    }
}

#[test]
fn an_address_that_others_reach_needs_a_public_url_with_tls() {
    const KEY: (&str, &str) = ("STRIPE_SECRET_KEY", "sk_test_1");
    let read = |pairs: &[(&str, &str)]| read(&[&[KEY], pairs].concat());
    let wrong = |pairs: &[(&str, &str)]| wrong(&[&[KEY], pairs].concat());
    assert_eq!(wrong(&[("LISTEN_ADDR", "192.0.2.1:80")]).len(), 1);
    assert!(read(&[("LISTEN_ADDR", "0.0.0.0:80")]).is_ok());
    assert!(read(&[("LISTEN_ADDR", "192.0.2.1:80"), ("PUBLIC_URL", "https://shop.example.com")]).is_ok());
    for good in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080/"] {
        assert!(read(&[("PUBLIC_URL", good)]).is_ok(), "{good}");
    }
    for bad in ["shop", "https://shop.example.com/path", "https://u:p@shop.example.com", "ftp://127.0.0.1"] {
        assert_eq!(wrong(&[("PUBLIC_URL", bad)]).len(), 1, "{bad}");
    }
}

#[test]
fn mock_mode_is_open_to_nobody_else_unless_a_setting_says_so() {
    let production = [
        ("PUBLIC_URL", "https://shop.example.com"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("MAIL_FROM", "shop@example.com"),
    ];
    let exposed: [&[(&str, &str)]; 5] = [
        &production,
        &[("LISTEN_ADDR", "0.0.0.0:3000")],
        &[("LISTEN_ADDR", "[::]:3000")],
        &[("LISTEN_ADDR", "192.0.2.1:80"), ("PUBLIC_URL", "https://shop.example.com")],
        &[("PUBLIC_URL", "https://localhost:3000")],
    ];
    for pairs in exposed {
        let wrong = wrong(pairs);
        assert!(matches!(&wrong[..], [only] if only.contains("STRIPE_SECRET_KEY is missing")), "{pairs:?}: {wrong:?}");
        assert!(wrong[0].contains("ALLOW_PUBLIC_MOCK_MODE=yes"), "{wrong:?}");
        let allowed = read(&[pairs, &[("ALLOW_PUBLIC_MOCK_MODE", "yes")]].concat()).unwrap();
        assert!(allowed.mock() && allowed.public_mock_mode, "{pairs:?}");
        let sold = read(&[pairs, &[("STRIPE_SECRET_KEY", "sk_test_1")]].concat()).unwrap();
        assert!(!sold.mock() && !sold.public_mock_mode, "{pairs:?}");
    }
    assert!(wrong(&[("ALLOW_PUBLIC_MOCK_MODE", "perhaps")])[0].starts_with("ALLOW_PUBLIC_MOCK_MODE is wrong"));
    for own in [&[("LISTEN_ADDR", "[::1]:3000")][..], &[("PUBLIC_URL", "http://localhost:3000")]] {
        assert!(!read(own).unwrap().public_mock_mode, "{own:?}");
    }
}

#[test]
fn the_platform_api_is_limited_and_coalesces_unless_told_otherwise() {
    let default = read(&[]).unwrap().platform;
    assert_eq!(
        (default.coalescing, default.calls_per_second_max.get(), default.key_mode),
        (true, 1_000, KeyMode::Test)
    );
    let set = read(&[("COALESCING", "off"), ("API_REQUESTS_PER_SECOND_MAX", "5")]).unwrap().platform;
    assert_eq!((set.coalescing, set.calls_per_second_max.get()), (false, 5));
    for (name, bad) in [
        ("COALESCING", "no"),
        ("API_REQUESTS_PER_SECOND_MAX", "0"),
        ("API_REQUESTS_PER_SECOND_MAX", "1000001"),
        ("API_REQUESTS_PER_SECOND_MAX", "many"),
    ] {
        assert!(wrong(&[(name, bad)])[0].starts_with(&format!("{name} is wrong")), "{name}={bad}");
    }
}

#[test]
fn orders_are_limited_unless_told_otherwise() {
    let limits = |pairs: &[(&str, &str)]| read(pairs).unwrap().order_limits;
    assert_eq!(limits(&[]), OrderLimits { open_max: 20, per_minute_max: 10 });
    let set = limits(&[("OPEN_PURCHASES_MAX", "3"), ("ORDERS_PER_MINUTE_MAX", "1000000")]);
    assert_eq!(set, OrderLimits { open_max: 3, per_minute_max: 1_000_000 });
    for name in ["OPEN_PURCHASES_MAX", "ORDERS_PER_MINUTE_MAX"] {
        for bad in ["0", "-1", "many", "1000001"] {
            assert!(wrong(&[(name, bad)])[0].starts_with(&format!("{name} is wrong")), "{bad}");
        }
    }
}

#[test]
fn cookies_have_a_name_of_their_own() {
    assert_eq!(read(&[]).unwrap().cookie_prefix, "iza_credits");
    assert_eq!(read(&[("COOKIE_PREFIX", "other-shop_2")]).unwrap().cookie_prefix, "other-shop_2");
    for bad in ["a b", "a;b", "a=b", "ü", "__Host-x", &"x".repeat(41)] {
        assert!(wrong(&[("COOKIE_PREFIX", bad)])[0].starts_with("COOKIE_PREFIX is wrong"), "{bad}");
    }
}

#[test]
fn mails_are_paced_within_reason() {
    assert_eq!(read(&[]).unwrap().mail_pause, MAIL_PAUSE_DEFAULT);
    assert_eq!(read(&[("MAIL_PAUSE_MS", "0")]).unwrap().mail_pause, Duration::ZERO);
    for bad in ["-1", "fast", "60001"] {
        assert!(wrong(&[("MAIL_PAUSE_MS", bad)])[0].starts_with("MAIL_PAUSE_MS is wrong"), "{bad}");
    }
}

#[test]
fn no_secret_shows_in_debug_output_or_in_a_complaint() {
    let secrets = [
        ("STRIPE_SECRET_KEY", "sk_test_hidden"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_hidden"),
        ("DATABASE_URL", "postgres://shop:hidden@localhost/shop"),
        ("SMTP_URL", "smtps://shop:hidden@mail.example.com"),
        ("MAIL_FROM", "shop@example.com"),
    ];
    assert!(!format!("{:?}", read(&secrets).unwrap()).contains("hidden"));
    let all = wrong(&[("STRIPE_SECRET_KEY", "hidden"), ("DATABASE_URL", "my://hidden"), ("PUBLIC_URL", "hidden")]);
    assert!(all.len() == 3 && !all.concat().contains("hidden"));
}

#[test]
fn mail_needs_a_server_that_can_be_one_and_somebody_it_is_from() {
    let from = ("MAIL_FROM", "Shop <shop@example.com>");
    for good in ["smtps://u:p@mail.example.com", "smtp://mail.example.com:587?tls=required", "smtp://127.0.0.1:25"] {
        assert!(matches!(read(&[("SMTP_URL", good), from]).unwrap().mail, Mail::Smtp { .. }), "{good}");
    }
    assert!(matches!(&wrong(&[("SMTP_URL", "smtps://m.example.com")])[..], [w] if w.starts_with("MAIL_FROM is mis")));
    assert!(matches!(&wrong(&[("SMTP_URL", "http://x"), from])[..], [w] if w.starts_with("SMTP_URL is wrong")));
    assert!(matches!(&wrong(&[("MAIL_FROM", "shop")])[..], [w] if w.starts_with("MAIL_FROM is wrong")));
    assert!(matches!(read(&[]).unwrap().mail, Mail::Mailbox));
}

#[test]
fn a_vat_rate_is_a_per_cent() {
    for (text, points) in [("19", 1_900), ("8.1", 810), ("7,25", 725), ("19 %", 1_900), ("0", 0), ("100", 10_000)] {
        assert_eq!(basis_points(text), Some(points), "{text}");
    }
    for bad in ["", "-1", "101", "19.001", "nineteen", ".5", "+19", "١٩"] {
        assert_eq!(basis_points(bad), None, "{bad}");
    }
}

#[test]
fn the_operators_address_is_this_machines_unless_it_is_set() {
    for (shop, operator) in [("127.0.0.1:3000", 4_000), ("0.0.0.0:80", 1_080), ("127.0.0.1:0", 0), ("[::]:65000", 0)] {
        assert_eq!(default_admin_addr(shop.parse().unwrap()), SocketAddr::from(([127, 0, 0, 1], operator)), "{shop}");
    }
    assert_eq!(read(&[]).unwrap().admin_addr, None);
    let set = read(&[("ADMIN_ADDR", "localhost:9000")]).unwrap().admin_addr;
    assert_eq!(set, Some(SocketAddr::from(([127, 0, 0, 1], 9_000))));
    for taken in ["127.0.0.1:3000", "0.0.0.0:3000"] {
        assert!(matches!(&wrong(&[("ADMIN_ADDR", taken)])[..], [w] if w.contains("LISTEN_ADDR")), "{taken}");
    }
    assert!(read(&[("LISTEN_ADDR", "127.0.0.1:0"), ("ADMIN_ADDR", "127.0.0.1:0")]).is_ok());
}

#[test]
fn watching_listens_where_cargo_leptos_says() {
    let site = ("LEPTOS_SITE_ADDR", "127.0.0.1:4000");
    assert_eq!(read(&[site]).unwrap().listen_addr.port(), 3_000);
    assert_eq!(read(&[site, ("LEPTOS_WATCH", "ON")]).unwrap().listen_addr.port(), 4_000);
}
