//! Request ids, spans, and the log lines of failed requests.

use std::fmt::Display;

use axum::{
    extract::Request,
    http::{self, HeaderName, HeaderValue},
};
use tower_http::{
    classify::{
        ClassifiedResponse, ClassifyResponse, NeverClassifyEos, ServerErrorsAsFailures, ServerErrorsFailureClass,
        SharedClassifier,
    },
    request_id::{MakeRequestId, RequestId},
    trace::TraceLayer,
};

use crate::http::problem::Written;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, which all its log lines contain.
#[derive(Clone, Copy)]
pub(super) struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &http::Request<B>) -> Option<RequestId> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).ok()?;
        HeaderValue::try_from(hex::encode(bytes)).ok().map(RequestId::new)
    }
}

type MakeSpan = fn(&Request) -> tracing::Span;

/// The span of a request: without the query, which can contain a session id, and without headers.
pub(super) fn layer() -> TraceLayer<SharedClassifier<Failures>, MakeSpan> {
    fn span(request: &Request) -> tracing::Span {
        let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
        tracing::info_span!("request", method = %request.method(), path = request.uri().path(), id)
    }
    TraceLayer::new(SharedClassifier::new(Failures)).make_span_with(span as MakeSpan)
}

/// Classifies server errors as failures, which are logged, except those that have a rate-limited log line of their own.
#[derive(Clone, Copy)]
pub(super) struct Failures;

impl ClassifyResponse for Failures {
    type FailureClass = ServerErrorsFailureClass;
    type ClassifyEos = NeverClassifyEos<ServerErrorsFailureClass>;

    fn classify_response<B>(
        self,
        response: &http::Response<B>,
    ) -> ClassifiedResponse<Self::FailureClass, Self::ClassifyEos> {
        let problem = response.extensions().get::<Written>();
        if problem.is_some_and(|Written(problem)| problem.is_log_limited()) {
            return ClassifiedResponse::Ready(Ok(()));
        }
        ServerErrorsAsFailures::new().classify_response(response)
    }

    fn classify_error<E: Display + 'static>(self, error: &E) -> Self::FailureClass {
        ServerErrorsAsFailures::new().classify_error(error)
    }
}
