package sluice;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Prints every event of some topics, from the first one on.
 *
 * <p>It needs nothing but Kafka's client and Avro: a value is a zero byte, a schema id in four bytes and the
 * Avro record, and the registry says which schema has that id.
 */
public final class Follow {
    private static final int WIRE_FORMAT = 0;
    /** Every topic but those of dead letters, which have a third part in their names. */
    private static final Pattern ALL = Pattern.compile("[a-z]+[.][a-z]+");

    private final URI registry;
    private final HttpClient http = HttpClient.newHttpClient();
    private final ObjectMapper json = new ObjectMapper();
    private final Map<Integer, Schema> schemas = new HashMap<>();

    private Follow(URI registry) {
        this.registry = registry;
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 2) {
            System.err.println("usage: Follow BOOTSTRAP REGISTRY [TOPIC...]");
            System.exit(2);
        }
        List<String> topics = Arrays.asList(arguments).subList(2, arguments.length);
        Follow follow = new Follow(URI.create(arguments[1]));
        follow.run(arguments[0], topics);
    }

    private void run(String bootstrap, List<String> topics) throws Exception {
        try (KafkaConsumer<String, byte[]> consumer = consumer(bootstrap)) {
            if (topics.isEmpty()) {
                consumer.subscribe(ALL);
            } else {
                consumer.subscribe(topics);
            }
            while (true) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    System.out.printf(
                            "%s %d/%d %s %s%n",
                            record.topic(), record.partition(), record.offset(), record.key(), said(record));
                }
            }
        }
    }

    private static KafkaConsumer<String, byte[]> consumer(String bootstrap) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", "example-java");
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false"); // nothing is remembered: each run starts at the beginning
        return new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /** The event as Avro's JSON, or null for a record without a value: a mark in a dead-letter topic. */
    private GenericRecord said(ConsumerRecord<String, byte[]> record) throws Exception {
        if (record.value() == null) {
            return null;
        }
        ByteBuffer value = ByteBuffer.wrap(record.value());
        if (value.get() != WIRE_FORMAT) {
            throw new IOException(record.topic() + " holds a record that is not in the wire format");
        }
        Schema schema = schema(value.getInt());
        int start = value.position();
        var decoder = DecoderFactory.get().binaryDecoder(record.value(), start, value.remaining(), null);
        return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
    }

    private Schema schema(int id) throws Exception {
        Schema known = schemas.get(id);
        if (known == null) {
            known = fetch(id);
            schemas.put(id, known);
        }
        return known;
    }

    private Schema fetch(int id) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("the registry does not know the schema " + id + ": " + answer.body());
        }
        return new Schema.Parser().parse(json.readTree(answer.body()).get("schema").asText());
    }
}
