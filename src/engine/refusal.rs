//! Every way to say no, one variant a reason; log, counter, HTTP status and user interface share it.

/// Why a request was refused. Refusing changes nothing and costs little.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// The frame or call does not have the promised shape.
    BadRequest,
    /// Nobody is signed in here, or the proof of identity does not hold.
    Unauthorized,
    /// Signed in, but not for this.
    Forbidden,
    /// No such thing, or not yours: the two are told apart for nobody.
    NotFound,
    /// The thing exists and is yours, but this may not be done to it now.
    NotAllowed,
    /// It was so once; it is over.
    Stale,
    /// More characters or bytes than the limit.
    TooLong,
    /// `<` or `>` in an agent's message (S3-27).
    ReservedCharacter,
    /// The desk asks for consent first (S2-1).
    ConsentRequired,
    /// The workstream is closed now (S0-5).
    ClosedHours,
    /// Too many, too fast.
    RateLimited,
    /// A table is full (B-3).
    Full,
    /// The disk has no room for more.
    StorageFull,
    /// The invitation is over (S1-8).
    InviteExpired,
    /// The one asked for cannot take it now.
    Unavailable,
}

impl Refusal {
    /// Every refusal, in the order of the contract.
    pub const ALL: [Refusal; 15] = [
        Refusal::BadRequest,
        Refusal::Unauthorized,
        Refusal::Forbidden,
        Refusal::NotFound,
        Refusal::NotAllowed,
        Refusal::Stale,
        Refusal::TooLong,
        Refusal::ReservedCharacter,
        Refusal::ConsentRequired,
        Refusal::ClosedHours,
        Refusal::RateLimited,
        Refusal::Full,
        Refusal::StorageFull,
        Refusal::InviteExpired,
        Refusal::Unavailable,
    ];

    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Refusal::BadRequest => "bad_request",
            Refusal::Unauthorized => "unauthorized",
            Refusal::Forbidden => "forbidden",
            Refusal::NotFound => "not_found",
            Refusal::NotAllowed => "not_allowed",
            Refusal::Stale => "stale",
            Refusal::TooLong => "too_long",
            Refusal::ReservedCharacter => "reserved_character",
            Refusal::ConsentRequired => "consent_required",
            Refusal::ClosedHours => "closed_hours",
            Refusal::RateLimited => "rate_limited",
            Refusal::Full => "full",
            Refusal::StorageFull => "storage_full",
            Refusal::InviteExpired => "invite_expired",
            Refusal::Unavailable => "unavailable",
        }
    }

    /// The HTTP status that fits.
    pub const fn status(self) -> u16 {
        match self {
            Refusal::BadRequest | Refusal::ReservedCharacter | Refusal::ConsentRequired => 400,
            Refusal::Unauthorized => 401,
            Refusal::Forbidden => 403,
            Refusal::NotFound => 404,
            Refusal::NotAllowed | Refusal::Stale | Refusal::ClosedHours => 409,
            Refusal::InviteExpired => 410,
            Refusal::TooLong => 413,
            Refusal::RateLimited => 429,
            Refusal::Full | Refusal::Unavailable => 503,
            Refusal::StorageFull => 507,
        }
    }
}
