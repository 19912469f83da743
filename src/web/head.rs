//! HEAD on whatever has a GET (RFC 9110, 9.3.2): the same answer without its body.
//!
//! The request runs as a GET, so that whoever may not read is turned away the same, and what a page opens is in the access
//! log the same: its length was told. Reading changes nothing else, whoever reads. A socket is not opened for a HEAD, and a
//! download, which would be read for nobody, asks [`asked`].

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Marks a request that came as a HEAD.
#[derive(Debug, Clone, Copy)]
struct Asked;

/// True when nobody will read the body of this answer.
pub fn asked(request: &HttpRequest) -> bool {
    request.extensions().contains::<Asked>()
}

/// Answer HEAD as GET would be answered.
pub async fn answer(mut request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let by_head = request.method() == Method::HEAD;
    if by_head {
        let head = request.head_mut();
        head.method = Method::GET;
        head.headers.remove(header::UPGRADE);
        head.headers.remove(header::CONNECTION);
        request.extensions_mut().insert(Asked);
    }
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| if by_head { Answer::Unsent(body.size()) } else { Answer::Whole(Box::pin(body)) }))
}

/// A body, or no more of it than its size.
enum Answer<B> {
    Whole(Pin<Box<B>>),
    Unsent(BodySize),
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        match self {
            Answer::Whole(body) => body.size(),
            Answer::Unsent(size) => *size,
        }
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        match &mut *self {
            Answer::Whole(body) => body.as_mut().poll_next(cx),
            Answer::Unsent(_) => Poll::Ready(None),
        }
    }
}
