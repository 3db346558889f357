//! A batching data loader: looks sessions up for all requests that wait for one at the same time.
//!
//! Every page and call looks up its session, so this is the most frequent query (docs/PERFORMANCE.md). While one query
//! runs, further lookups queue, and then share the next query. A single lookup is not delayed, and many cost little
//! more than one. No result is older than its lookup.

use std::{collections::HashMap, sync::Arc, time::Duration};

use billing::{
    account::SessionLookup,
    clock::Clock,
    store::{AccountStore, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::http::problem::Problem;

/// How many lookups share a query.
const BATCH_MAX: usize = 64;
/// How many lookups may queue; further ones wait for room in the queue.
const QUEUED_MAX: usize = 1024;
/// The timeout of a query, so that one connection that hangs does not block all requests.
const QUERY_TIME_MAX: Duration = Duration::from_secs(5);

type Loaded = Result<Vec<(String, SessionLookup)>, StoreError>;

struct Lookup {
    token_hash: String,
    reply: oneshot::Sender<Result<Option<SessionLookup>, Problem>>,
}

/// The queue of lookups.
pub struct SessionLoader(mpsc::Sender<Lookup>);

impl SessionLoader {
    /// Starts the task that runs the queries; it ends when the loader is dropped.
    pub fn start(accounts: Arc<dyn AccountStore>, clock: Arc<dyn Clock>) -> Self {
        Self::with_query(move |token_hashes| {
            let (accounts, now) = (accounts.clone(), clock.now());
            async move { accounts.lookup_sessions(&token_hashes, now).await }
        })
    }

    fn with_query<Q: Future<Output = Loaded> + Send + 'static>(
        query: impl Fn(Vec<String>) -> Q + Send + 'static,
    ) -> Self {
        let (queue, queued) = mpsc::channel(QUEUED_MAX);
        tokio::spawn(run_queries(queued, query));
        Self(queue)
    }

    /// Looks up the session with this token hash, unless it has ended.
    pub async fn load(&self, token_hash: String) -> Result<Option<SessionLookup>, Problem> {
        let (reply, replied) = oneshot::channel();
        self.0.send(Lookup { token_hash, reply }).await.map_err(|_| Problem::INTERNAL)?;
        replied.await.unwrap_or(Err(Problem::INTERNAL))
    }
}

async fn run_queries<Q: Future<Output = Loaded>>(mut queued: mpsc::Receiver<Lookup>, query: impl Fn(Vec<String>) -> Q) {
    let mut batch = Vec::new();
    while queued.recv_many(&mut batch, BATCH_MAX).await > 0 {
        // Lets further requests join this batch.
        tokio::task::yield_now().await;
        let room = BATCH_MAX.saturating_sub(batch.len());
        batch.extend(std::iter::from_fn(|| queued.try_recv().ok()).take(room));
        let token_hashes = batch.iter().map(|lookup| lookup.token_hash.clone()).collect();
        let late = || StoreError::Unavailable(format!("no answer in {} s", QUERY_TIME_MAX.as_secs()));
        let loaded = timeout(QUERY_TIME_MAX, query(token_hashes)).await.unwrap_or_else(|_| Err(late()));
        let sessions = loaded.map(HashMap::<_, _>::from_iter).map_err(Problem::from);
        for Lookup { token_hash, reply } in batch.drain(..) {
            let session = sessions.as_ref().map(|sessions| sessions.get(&token_hash).cloned());
            // An error means that the request was cancelled.
            let _ = reply.send(session.map_err(|problem| *problem));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use billing::{
        account::Principal,
        ids::{TenantId, UserId},
        wallet::Funds,
    };
    use futures::future::join_all;

    use super::*;
    use crate::system::{SystemClock, SystemEntropy};

    fn session(name: &str) -> SessionLookup {
        let (now, entropy) = (SystemClock.now(), &SystemEntropy);
        let email = format!("{name}@example.com").parse().expect("an address");
        let principal = Principal { tenant_id: TenantId::new(now, entropy), user_id: UserId::new(now, entropy), email };
        SessionLookup { principal, funds: Funds::default(), changes: 0, data: name.to_owned() }
    }

    #[tokio::test]
    async fn lookups_at_once_get_their_own_sessions_by_few_queries() {
        let queries = Arc::new(AtomicUsize::new(0));
        let counted = queries.clone();
        let loader = SessionLoader::with_query(move |names| {
            counted.fetch_add(1, Ordering::Relaxed);
            // In another order, and without the sessions that have ended.
            let mut known: Vec<_> = names.into_iter().filter(|name| !name.ends_with('7')).collect();
            known.sort_unstable_by(|a, b| b.cmp(a));
            async move { Ok(known.into_iter().map(|name| (name.clone(), session(&name))).collect()) }
        });
        let names: Vec<_> = (0..1_000).map(|number| format!("kim{number}")).collect();
        let results = join_all(names.iter().map(|name| loader.load(name.clone()))).await;
        for (name, result) in names.iter().zip(results) {
            let data = result.expect("a session or none").map(|session| session.data);
            assert_eq!(data, (!name.ends_with('7')).then(|| name.clone()));
        }
        let queries = queries.load(Ordering::Relaxed);
        assert!((16..=40).contains(&queries), "{queries} queries for 1,000 lookups, of 64 at most each");
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_that_hangs_or_fails_is_an_error_for_its_own_lookups_alone() {
        let troubles = Mutex::new(vec!["fails", "hangs"]);
        let loader = SessionLoader::with_query(move |names| {
            let trouble = troubles.lock().expect("nobody panicked").pop();
            async move {
                match trouble {
                    Some("hangs") => std::future::pending().await,
                    Some(_) => Err(StoreError::Internal("as asked for".to_owned())),
                    None => Ok(names.into_iter().map(|name| (name.clone(), session(&name))).collect()),
                }
            }
        });
        let hung = join_all([loader.load("kim".to_owned()), loader.load("lee".to_owned())]);
        let hung = timeout(2 * QUERY_TIME_MAX, hung).await.expect("it is given up");
        assert_eq!(hung, [Err(Problem::DATABASE_UNAVAILABLE), Err(Problem::DATABASE_UNAVAILABLE)]);
        assert_eq!(loader.load("kim".to_owned()).await, Err(Problem::INTERNAL));
        assert_eq!(
            loader.load("kim".to_owned()).await.map(|session| session.map(|session| session.data)),
            Ok(Some("kim".to_owned()))
        );
    }
}
