//! SHA-256 of a file that lies with the caller.

use std::{fs::File, path::Path};

use sha2::{Digest, Sha256};

use super::Error;

/// SHA-256 of the bytes of the file that `flag` names, in lower-case hexadecimal.
///
/// # Errors
/// When it cannot be read, or is empty.
pub fn digest(flag: &'static str, path: &Path) -> Result<String, Error> {
    let failed = |why: String| Error::File { flag, file: path.display().to_string(), why };
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(|e| failed(format!("{e}; give the file as you fetched it")))?;
    match std::io::copy(&mut file, &mut hash) {
        Ok(0) => Err(failed("it is empty; give the file as you fetched it".into())),
        Ok(_) => Ok(format!("{:x}", hash.finalize())),
        Err(e) => Err(failed(format!("{e}; give the file as you fetched it"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_the_bytes_and_an_empty_or_missing_file_has_none() {
        let of = |flag, path: &str| digest(flag, Path::new(path)).map_err(|e| e.to_string());
        let folder = std::env::temp_dir().join(format!("ringfence-digest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (full, empty) = (folder.join("full"), folder.join("empty"));
        std::fs::write(&full, "abc").unwrap();
        std::fs::write(&empty, "").unwrap();
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of("--document", full.to_str().unwrap()).unwrap(), wanted);
        assert!(of("--certificate", empty.to_str().unwrap()).unwrap_err().starts_with("--certificate "));
        assert!(of("--document", "/no/such/file").unwrap_err().contains("--document /no/such/file: "));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
