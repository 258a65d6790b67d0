//! One certificate authority for the whole bed, and what it signs.

use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The names that the servers of the bed are reached by.
const SERVER_NAMES: [&str; 5] = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes.default.svc", "openbao.vault.svc"];

/// The authority and the folder with its files.
pub struct Pki {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate in PEM.
    pub certificate: PathBuf,
    /// The key in PEM.
    pub key: PathBuf,
}

impl Pki {
    /// Makes an authority, a server certificate (`server`) and the keys of service account tokens (`sa.key`, `sa.pub`).
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "ringfence-bed");
        fs::write(folder.join("ca.crt"), params.self_signed(&key)?.pem())?;
        let pki = Self { folder: folder.into(), issuer: Issuer::new(params, key) };

        let mut server = CertificateParams::new(SERVER_NAMES.map(String::from))?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.distinguished_name.push(DnType::CommonName, "ringfence-bed-server");
        pki.sign("server", server)?;
        let tokens = KeyPair::generate()?;
        write_secret(&folder.join("sa.key"), &tokens.serialize_pem())?;
        fs::write(folder.join("sa.pub"), tokens.public_key_pem())?;
        Ok(pki)
    }

    /// The authority's certificate in PEM.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// The certificate that every server of the bed shows.
    pub fn server(&self) -> Identity {
        self.files("server")
    }

    /// A file of the folder, such as `sa.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A client certificate; Kubernetes reads `user` from the common name and `groups` from the organisations.
    ///
    /// # Errors
    /// With more than two groups (the maker of certificates holds no more), or when the files cannot be written.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<Identity> {
        // A name holds each type of attribute once; the organisation's number (2.5.4.10) spelt out is a second type.
        let types = [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
        if groups.len() > types.len() {
            bail!("{user}: a client certificate of the bed holds two groups; impersonate for more");
        }
        let mut params = CertificateParams::new(Vec::new())?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::CommonName, user);
        for (kind, group) in types.into_iter().zip(groups) {
            params.distinguished_name.push(kind, *group);
        }
        // One person may appear with several sets of groups.
        let name = [&[user], groups].concat().join("+");
        self.sign(&name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '+', "-"), params)
    }

    fn sign(&self, name: &str, params: CertificateParams) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer).with_context(|| format!("certificate {name}"))?;
        let files = self.files(name);
        fs::write(&files.certificate, certificate.pem())?;
        write_secret(&files.key, &key.serialize_pem())?;
        Ok(files)
    }

    fn files(&self, name: &str) -> Identity {
        Identity { certificate: self.folder.join(format!("{name}.crt")), key: self.folder.join(format!("{name}.key")) }
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content).with_context(|| path.display().to_string())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}
