// Connects and verifies as Java's own programs do, by the default SSLSocketFactory and ProxySelector.
import java.net.*;
import javax.net.ssl.*;

public class Look {
    static StringBuilder out = new StringBuilder("{\"look\":1");

    static String quoted(String text) {
        StringBuilder b = new StringBuilder("\"");
        for (char c : (text == null ? "" : text).toCharArray()) {
            if (c == '"' || c == '\\') b.append('\\').append(c);
            else if (c < 32 || c > 126) b.append(String.format("\\u%04x", (int) c));
            else b.append(c);
        }
        return b.append('"').toString();
    }

    static void put(String name, String value) {
        out.append(',').append(quoted(name)).append(':').append(quoted(value));
    }

    static String describe(Throwable e) {
        String text = String.valueOf(e.getMessage());
        for (Throwable c = e.getCause(); c != null; c = c.getCause()) if (c.getMessage() != null && !text.contains(c.getMessage())) text += ": " + c.getMessage();
        return e.getClass().getSimpleName() + ": " + text.replaceAll("\\b[a-z]\\w*(\\.\\w+)+Exception: ", "");
    }

    public static void main(String[] args) throws Exception {
        String host = args[0];
        int port = Integer.parseInt(args[1]), wait = Integer.parseInt(args[2]) * 1000;
        put("version", System.getProperty("java.version"));
        put("library", "JSSE of " + System.getProperty("java.vendor"));
        String store = System.getProperty("javax.net.ssl.trustStore", System.getProperty("java.home") + "/lib/security/cacerts");
        out.append(",\"trust_store\":[").append(quoted(store)).append("],\"settings\":{\"java.home\":").append(quoted(System.getProperty("java.home")));
        for (String name : new String[] {"javax.net.ssl.trustStore", "https.proxyHost", "https.proxyPort", "java.net.preferIPv6Addresses", "java.net.preferIPv4Stack"})
            if (System.getProperty(name) != null) out.append(',').append(quoted(name)).append(':').append(quoted(System.getProperty(name)));
        out.append('}');
        String stage = "resolve";
        try {
            Proxy proxy = ProxySelector.getDefault().select(new URI("https", null, host, port, "/", null, null)).get(0);
            Socket plain = proxy.type() == Proxy.Type.DIRECT ? new Socket() : new Socket(proxy);
            InetSocketAddress to;
            if (proxy.type() == Proxy.Type.DIRECT) {
                to = new InetSocketAddress(InetAddress.getByName(host), port);
            } else {
                to = InetSocketAddress.createUnresolved(host, port);
                put("proxy", "http://" + proxy.address().toString().replaceAll("^[^/]*/", ""));
            }
            stage = "connect";
            plain.connect(to, wait);
            plain.setSoTimeout(wait);
            if (to.getAddress() != null) put("address", to.getAddress().getHostAddress());
            put("local_address", plain.getLocalAddress().getHostAddress());
            stage = "tls";
            SSLSocket stream = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, host, port, true);
            SSLParameters wanted = stream.getSSLParameters();
            wanted.setEndpointIdentificationAlgorithm("HTTPS");
            stream.setSSLParameters(wanted);
            stream.startHandshake();
            put("tls_version", stream.getSession().getProtocol());
            stage = "verify";
            stream.close();
        } catch (Throwable e) {
            String text = describe(e);
            if (e instanceof UnknownHostException) stage = "resolve";
            else if (text.matches("(?s).*(PKIX|CertPath|CertificateException|trustAnchors|No name matching|No subject alternative|keystore|Keystore).*")) stage = "verify";
            put("error", text);
        }
        put("stage", stage);
        System.out.println("\n" + out + "}");
    }
}
