package dev.perennial.server.safety;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perennial.UsageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** A certificate and its key in two PEM files. */
public final class TlsFiles {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final String ALIAS = "server";

  private TlsFiles() {}

  /**
   * What TLS is spoken with.
   *
   * @param certificates a PEM file with the server's certificate, and those that it was signed by after it
   * @param key a PEM file with its private key, PKCS #8, not encrypted; RSA, EC or Ed25519
   * @throws UsageException if the files are not that
   */
  public static SSLContext context(Path certificates, Path key) {
    try {
      List<? extends Certificate> chain = List.copyOf(CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(certificates))));
      if (chain.isEmpty()) {
        throw new UsageException("expected a certificate in PEM in " + certificates + ", found none");
      }
      char[] password = new char[0];
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, password);
      store.setKeyEntry(ALIAS, privateKey(key, chain.getFirst().getPublicKey().getAlgorithm()), password,
          chain.toArray(new Certificate[0]));
      KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new UsageException("expected a certificate in " + certificates + " and its private key in " + key
          + ", both in PEM, the key as PKCS #8 without a password; got files that do not load (" + e.getMessage() + ")", e);
    }
  }

  private static PrivateKey privateKey(Path file, String algorithm) throws IOException, GeneralSecurityException {
    Matcher pem = KEY.matcher(Files.readString(file, US_ASCII));
    if (!pem.find()) {
      throw new UsageException("expected BEGIN PRIVATE KEY in " + file + ", found none: convert the key by openssl pkcs8"
          + " -topk8 -nocrypt");
    }
    byte[] der = Base64.getMimeDecoder().decode(pem.group(1));
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
  }
}
