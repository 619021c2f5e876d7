# Every image and its root twin. The labels that only the source can tell (version, revision, the step's contract) are
# added by images/build.py, which calls this file with one more.
variable "BASE_IMAGE" {
  default = "debian:trixie-slim"
}
variable "REPOSITORY" {
  default = "idp-steps"
}
variable "VERSION" {
  default = "dev"
}
variable "SOURCE_DATE_EPOCH" {
  default = "0"
}
variable "CA_BUNDLE" {
  default = ""
}
variable "PIP_CONF" {
  default = ""
}

group "default" {
  targets = ["image"]
}

target "image" {
  name = "${image}${twin}"
  matrix = {
    image = [
      "cookiecutter", "createrepo", "createcatalog", "directpush", "registercatalog", "slacknotify",
      "updatecatalogproperty",
    ]
    twin = ["", "-root"]
  }
  context    = "."
  dockerfile = "images/Dockerfile"
  target     = "${image}${twin}"
  tags       = ["${REPOSITORY}/${image}:${VERSION}${twin}"]
  args = {
    BASE_IMAGE        = BASE_IMAGE
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
    VERSION           = VERSION
  }
  secret = concat(
    CA_BUNDLE == "" ? [] : ["id=ca-bundle,src=${CA_BUNDLE}"],
    PIP_CONF == "" ? [] : ["id=pip-conf,src=${PIP_CONF}"],
  )
  output = ["type=image,oci-mediatypes=true"]
  attest = ["type=provenance,disabled=true"] # it holds the time of the build; the bill of materials is in the image
}
