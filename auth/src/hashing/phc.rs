//! argon2id hashes in PHC string form, with a bound on what checking one may cost.

use argon2::password_hash::{PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;

/// The most bytes of a PHC string.
const TEXT_MAX: usize = 512;
/// The most memory of one hash, KiB. Our own take 19 MiB, Dovecot's default 64.
const MEMORY_MAX: u32 = 128 * 1024;
/// The most work of one hash: memory times passes, KiB. Ours are 38 MiB.
const WORK_MAX: u64 = 512 * 1024;
/// The most lanes; they are computed one after the other.
const LANES_MAX: u32 = 16;
const SALT: std::ops::RangeInclusive<usize> = 8..=48;
const OUTPUT: std::ops::RangeInclusive<usize> = 16..=64;
const NEW_SALT: usize = 16;
const NEW_OUTPUT: usize = 32;

/// Why a text is no hash we check passwords against.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not a PHC string.
    #[error("not a hash in PHC form ($argon2id$v=19$m=…,t=…,p=…$salt$hash)")]
    Form,
    /// Some other kind.
    #[error("only argon2id hashes of version 19 are taken")]
    Algorithm,
    /// Checking it would take too much.
    #[error(
        "the hash costs too much: at most m={MEMORY_MAX}, p={LANES_MAX} and m times t {WORK_MAX} are taken"
    )]
    Cost,
    /// Salt or hash are too short or too long.
    #[error("the salt must have 8 to 48 bytes, the hash 16 to 64")]
    Length,
    /// The system gave no random bytes, or no memory.
    #[error("cannot hash now")]
    Failed,
}

/// A hash that was found in form and affordable.
#[derive(Clone, Debug)]
pub struct Hash {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Hash {
    /// Reads a PHC string.
    ///
    /// # Errors
    /// When it is none, of another algorithm, or too costly.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.len() > TEXT_MAX {
            return Err(HashError::Form);
        }
        let phc = PasswordHash::new(text).map_err(|_| HashError::Form)?;
        if phc.algorithm != argon2::ARGON2ID_IDENT || phc.version != Some(Version::V0x13.into()) {
            return Err(HashError::Algorithm);
        }
        let (Some(salt), Some(output)) = (phc.salt, phc.hash) else { return Err(HashError::Form) };
        let params = Params::try_from(&phc).map_err(|_| HashError::Cost)?;
        affordable(&params)?;
        let mut space = [0; Salt::MAX_LENGTH];
        let salt = salt.decode_b64(&mut space).map_err(|_| HashError::Form)?;
        if !SALT.contains(&salt.len()) || !OUTPUT.contains(&output.len()) {
            return Err(HashError::Length);
        }
        Ok(Hash { params, salt: salt.to_vec(), output: output.as_bytes().to_vec() })
    }

    /// A hash that no password has, with the cost of our own: what an unknown user's password is checked against.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn of_nobody() -> Result<Self, HashError> {
        let mut hash = Self::salted()?;
        getrandom::fill(&mut hash.output).map_err(|_| HashError::Failed)?;
        Ok(hash)
    }

    /// Hashes a password under a new salt, in PHC form. Takes some ten milliseconds of a core.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn make(password: &[u8], memory: &mut Vec<Block>) -> Result<String, HashError> {
        let mut hash = Self::salted()?;
        hash.output = hash.compute(password, memory)?;
        hash.text()
    }

    /// Is it this password? Takes as long as the hash's parameters say.
    ///
    /// # Errors
    /// When it cannot be computed.
    pub(super) fn check(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<bool, HashError> {
        Ok(self.compute(password, memory)?.ct_eq(&self.output).into())
    }

    /// OWASP's parameters, which are the crate's defaults: 19 MiB, two passes, one lane.
    fn salted() -> Result<Self, HashError> {
        let mut salt = vec![0; NEW_SALT];
        getrandom::fill(&mut salt).map_err(|_| HashError::Failed)?;
        Ok(Hash { params: Params::DEFAULT, salt, output: vec![0; NEW_OUTPUT] })
    }

    /// `memory` is kept by the thread from one hash to the next: asking the kernel for 19 MiB each time costs more than a
    /// tenth of the work. What an unusually costly hash took is given back.
    fn compute(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<Vec<u8>, HashError> {
        let blocks = self.params.block_count();
        memory.resize(blocks.max(Params::DEFAULT.block_count()), Block::new());
        let mut output = vec![0; self.output.len()];
        let space = memory.get_mut(..blocks).ok_or(HashError::Failed)?;
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, &mut output, space)
            .map_err(|_| HashError::Failed);
        memory.truncate(Params::DEFAULT.block_count());
        memory.shrink_to_fit();
        done.map(|()| output)
    }

    fn text(&self) -> Result<String, HashError> {
        use argon2::password_hash::{Output, ParamsString, SaltString};
        let salt = SaltString::encode_b64(&self.salt).map_err(|_| HashError::Failed)?;
        let phc = PasswordHash {
            algorithm: argon2::ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(|_| HashError::Failed)?,
            salt: Some(salt.as_salt()),
            hash: Some(Output::new(&self.output).map_err(|_| HashError::Failed)?),
        };
        Ok(phc.to_string())
    }
}

fn affordable(params: &Params) -> Result<(), HashError> {
    let work = u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
    let cheap = params.m_cost() <= MEMORY_MAX && params.p_cost() <= LANES_MAX && work <= WORK_MAX;
    // a hash under a secret that we do not have is no use either
    if cheap && params.keyid().is_empty() { Ok(()) } else { Err(HashError::Cost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1`.
    const REFERENCE: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn a_hash_of_the_reference_implementation() {
        let hash = Hash::parse(REFERENCE).unwrap();
        let mut memory = Vec::new();
        assert!(hash.check(b"password", &mut memory).unwrap());
        assert!(!hash.check(b"Password", &mut memory).unwrap());
        assert_eq!(memory.len(), Params::DEFAULT.block_count(), "what it took is given back");
    }

    #[test]
    fn what_is_made_is_checked() {
        let mut memory = Vec::new();
        let text = Hash::make(b"secret", &mut memory).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let hash = Hash::parse(&text).unwrap();
        assert!(hash.check(b"secret", &mut memory).unwrap());
        assert!(!hash.check(b"secre", &mut memory).unwrap());
        assert_ne!(text, Hash::make(b"secret", &mut memory).unwrap(), "another salt");
        assert!(!Hash::of_nobody().unwrap().check(b"", &mut memory).unwrap());
    }

    #[test]
    fn what_is_not_taken() {
        let swap = |from: &str, to: &str| Hash::parse(&REFERENCE.replace(from, to)).unwrap_err();
        assert_eq!(swap("argon2id", "argon2i"), HashError::Algorithm);
        assert_eq!(swap("$v=19", ""), HashError::Algorithm);
        assert_eq!(swap("v=19", "v=16"), HashError::Algorithm);
        assert_eq!(swap("m=65536", "m=4194304"), HashError::Cost);
        assert_eq!(swap("t=2", "t=4000000000"), HashError::Cost);
        assert_eq!(swap("p=1", "p=4000"), HashError::Cost);
        assert_eq!(swap("p=1", "p=1,keyid=Hj5+dsK0"), HashError::Cost);
        assert_eq!(swap("c29tZXNhbHQ", "c29tZXM"), HashError::Length);
        for text in ["", "x", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ", "{SHA}x", &"$".repeat(4000)] {
            assert_eq!(Hash::parse(text).unwrap_err(), HashError::Form, "{text}");
        }
    }
}
