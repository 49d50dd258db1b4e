//! The three protocols, which differ in who may speak and what for.

/// What a listener's sessions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// SMTP from elsewhere, RFC 5321: anybody may send mail to those who live here, and to nobody else.
    Mx,
    /// SMTP of those who live here, RFC 6409: after a login, under one's own addresses, to anywhere.
    Submission,
    /// LMTP, RFC 2033: to those who live here, with a reply for each recipient.
    Lmtp,
}

impl Service {
    /// The word in the greeting.
    pub(super) const fn greeting(self) -> &'static str {
        match self {
            Service::Mx | Service::Submission => "ESMTP",
            Service::Lmtp => "LMTP",
        }
    }

    /// How many replies follow a message: RFC 2033 section 4.2 wants one for each of its recipients.
    pub(super) const fn replies(self, recipients: usize) -> usize {
        match self {
            Service::Mx | Service::Submission => 1,
            Service::Lmtp => recipients,
        }
    }
}
