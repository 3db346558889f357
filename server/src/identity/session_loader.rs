//! Who is signed in, asked for all requests that want to know at the same time.
//!
//! Every page and call asks, so this is the question that the database hears most (docs/PERFORMANCE.md). While one is
//! on its way the next ones gather, and go together as one: a single visitor waits for no one, and many cost little
//! more than one. Each answer is of an instant after its question came.

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

/// How many questions go together.
const TOGETHER_MAX: usize = 64;
/// How many may wait; whoever comes then waits to be let in.
const WAITING_MAX: usize = 1024;
/// When an answer is given up, so that one connection that hangs does not hold up everybody.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

type Asked = Result<Vec<(String, SessionLookup)>, StoreError>;

struct Question {
    token_hash: String,
    answer: oneshot::Sender<Result<Option<SessionLookup>, Problem>>,
}

/// Where questions go.
pub struct SessionLoader(mpsc::Sender<Question>);

impl SessionLoader {
    /// Answers until it is dropped.
    pub fn start(accounts: Arc<dyn AccountStore>, clock: Arc<dyn Clock>) -> Self {
        Self::asking(move |token_hashes| {
            let (accounts, now) = (accounts.clone(), clock.now());
            async move { accounts.session_owners(&token_hashes, now).await }
        })
    }

    fn asking<A: Future<Output = Asked> + Send + 'static>(ask: impl Fn(Vec<String>) -> A + Send + 'static) -> Self {
        let (questions, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(answer(waiting, ask));
        Self(questions)
    }

    /// Who is signed in by the session of that token hash, if it has not ended.
    pub async fn of(&self, token_hash: String) -> Result<Option<SessionLookup>, Problem> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Question { token_hash, answer }).await.map_err(|_| Problem::INTERNAL)?;
        answered.await.unwrap_or(Err(Problem::INTERNAL))
    }
}

async fn answer<A: Future<Output = Asked>>(mut waiting: mpsc::Receiver<Question>, ask: impl Fn(Vec<String>) -> A) {
    let mut questions = Vec::new();
    while waiting.recv_many(&mut questions, TOGETHER_MAX).await > 0 {
        // Requests that are about to ask may do so first.
        tokio::task::yield_now().await;
        let room = TOGETHER_MAX.saturating_sub(questions.len());
        questions.extend(std::iter::from_fn(|| waiting.try_recv().ok()).take(room));
        let token_hashes = questions.iter().map(|question| question.token_hash.clone()).collect();
        let late = || StoreError::Unavailable(format!("no answer in {} s", ANSWER_TIME_MAX.as_secs()));
        let asked = timeout(ANSWER_TIME_MAX, ask(token_hashes)).await.unwrap_or_else(|_| Err(late()));
        let owners = asked.map(HashMap::<_, _>::from_iter).map_err(Problem::from);
        for Question { token_hash, answer } in questions.drain(..) {
            let owner = owners.as_ref().map(|owners| owners.get(&token_hash).cloned());
            // An error means that nobody waits for it any more.
            let _ = answer.send(owner.map_err(|problem| *problem));
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
        ledger::Balance,
    };
    use futures::future::join_all;

    use super::*;
    use crate::system::{SystemClock, SystemEntropy};

    fn owner(name: &str) -> SessionLookup {
        let (now, entropy) = (SystemClock.now(), &SystemEntropy);
        let email = format!("{name}@example.com").parse().expect("an address");
        let caller = Principal { tenant_id: TenantId::new(now, entropy), user_id: UserId::new(now, entropy), email };
        SessionLookup { caller, balance: Balance::default(), changes: 0, data: name.to_owned() }
    }

    #[tokio::test]
    async fn who_ask_together_are_told_their_own_and_by_few_questions() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let owners = SessionLoader::asking(move |names| {
            counted.fetch_add(1, Ordering::Relaxed);
            // In another order than asked, and without those that nobody is signed in by.
            let mut known: Vec<_> = names.into_iter().filter(|name| !name.ends_with('7')).collect();
            known.sort_unstable_by(|a, b| b.cmp(a));
            async move { Ok(known.into_iter().map(|name| (name.clone(), owner(&name))).collect()) }
        });
        let names: Vec<_> = (0..1_000).map(|number| format!("kim{number}")).collect();
        let told = join_all(names.iter().map(|name| owners.of(name.clone()))).await;
        for (name, told) in names.iter().zip(told) {
            let told = told.expect("an answer").map(|owner| owner.data);
            assert_eq!(told, (!name.ends_with('7')).then(|| name.clone()));
        }
        let asked = asked.load(Ordering::Relaxed);
        assert!((16..=40).contains(&asked), "{asked} questions for 1,000, of 64 at most each");
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_or_fails_is_told_to_those_who_asked_and_to_nobody_after() {
        let troubles = Mutex::new(vec!["fails", "hangs"]);
        let owners = SessionLoader::asking(move |names| {
            let trouble = troubles.lock().expect("nobody panicked").pop();
            async move {
                match trouble {
                    Some("hangs") => std::future::pending().await,
                    Some(_) => Err(StoreError::Internal("as asked for".to_owned())),
                    None => Ok(names.into_iter().map(|name| (name.clone(), owner(&name))).collect()),
                }
            }
        });
        let hung = join_all([owners.of("kim".to_owned()), owners.of("lee".to_owned())]);
        let hung = timeout(2 * ANSWER_TIME_MAX, hung).await.expect("it is given up");
        assert_eq!(hung, [Err(Problem::DATABASE_UNAVAILABLE), Err(Problem::DATABASE_UNAVAILABLE)]);
        assert_eq!(owners.of("kim".to_owned()).await, Err(Problem::INTERNAL));
        assert_eq!(
            owners.of("kim".to_owned()).await.map(|owner| owner.map(|owner| owner.data)),
            Ok(Some("kim".to_owned()))
        );
    }
}
