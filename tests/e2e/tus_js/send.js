// Sends a file with tus-js-client as it is: node send.js ENDPOINT TOKEN FILE
import { createReadStream } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, token, path] = process.argv.slice(2);

new Upload(createReadStream(path), {
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: "sent by tus-js-client.bin", filetype: "application/octet-stream" },
  retryDelays: Array(100).fill(200),
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(this.url ?? "");
  },
}).start();
