// Checks a credential with Digital Bazaar's libraries: node digital_bazaar.mjs WEB_FOLDER FILE
// The file holds {credential, controller}; true or false is printed. Nothing is fetched.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {resolve} from "node:path";
import {pathToFileURL} from "node:url";

const [folder, file] = process.argv.slice(2);
const within = createRequire(pathToFileURL(resolve(folder, "package.json")));
const load = (name) => import(pathToFileURL(within.resolve(name)).href);
const {DataIntegrityProof} = await load("@digitalbazaar/data-integrity");
const {createVerifyCryptosuite} = await load("@digitalbazaar/eddsa-jcs-2022-cryptosuite");
const {default: signatures} = await load("jsonld-signatures");

const {credential, controller} = JSON.parse(readFileSync(file, "utf8"));
const documents = {[controller.id]: controller};
for (const method of controller.verificationMethod) {
  documents[method.id] = {"@context": "https://w3id.org/security/multikey/v1", ...method};
}
const documentLoader = async (url) => {
  if (!documents[url]) throw new Error(`asked for ${url}`);
  return {documentUrl: url, document: documents[url]};
};
const {verified, error} = await signatures.verify(credential, {
  suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
  purpose: new signatures.purposes.AssertionProofPurpose(),
  documentLoader,
});
if (!verified) console.error(error);
console.log(JSON.stringify(verified));
