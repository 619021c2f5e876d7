# Every image and its root variant: `docker buildx bake`, or one by name as in `docker buildx bake createrepo`.
# docker-bake.json brings STEPS and VERSION; `make docs` makes it from images/images.toml and what the steps declare.
variable "BASE_IMAGE" {
  default = "debian:trixie-slim"
}
variable "TOFU_IMAGE" { # one with OpenTofu, for createresource; without it that image lacks the program
  default = ""
}
variable "REPOSITORY" {
  default = "idp-steps"
}
variable "TAGS" { # more tags, as "0.1,latest"
  default = ""
}
variable "SOURCE_DATE_EPOCH" {
  default = "0"
}
variable "CREATED" { # SOURCE_DATE_EPOCH as text, for the label
  default = ""
}
variable "REVISION" {
  default = ""
}
variable "SOURCE_URL" {
  default = ""
}
variable "HOME_URL" {
  default = SOURCE_URL
}
variable "DOCUMENTATION_URL" {
  default = SOURCE_URL
}
variable "PLATFORMS" { # that of the engine when empty; more than one with commas
  default = ""
}
variable "HTTP_PROXY" {
  default = ""
}
variable "HTTPS_PROXY" {
  default = ""
}
variable "NO_PROXY" {
  default = ""
}
variable "CA_BUNDLE" {
  default = ""
}
variable "PIP_CONF" {
  default = ""
}

function "labels" {
  params = [step]
  result = {
    for name, value in {
      created       = CREATED
      description   = step.summary
      documentation = DOCUMENTATION_URL
      licenses      = "Apache-2.0"
      revision      = REVISION
      source        = SOURCE_URL
      title         = "idp-steps ${step.image}"
      url           = HOME_URL
      vendor        = "idp-steps"
      version       = VERSION
    } : "org.opencontainers.image.${name}" => value if value != ""
  }
}

group "default" {
  targets = ["step"]
}

target "step" {
  name = "${step.image}${variant}"
  matrix = {
    step    = STEPS
    variant = ["", "-root"]
  }
  context    = "."
  dockerfile = "images/Dockerfile"
  target     = "step${variant}"
  tags = [
    for tag in concat([VERSION], TAGS == "" ? [] : split(",", TAGS)) :
    "${REPOSITORY}/${step.image}:${tag}${variant}"
  ]
  args = {
    BASE              = TOFU_IMAGE != "" && step.with != "" ? step.with : step.base
    BASE_IMAGE        = BASE_IMAGE
    HTTPS_PROXY       = HTTPS_PROXY == "" ? null : HTTPS_PROXY
    HTTP_PROXY        = HTTP_PROXY == "" ? null : HTTP_PROXY
    IMAGE             = step.image
    NO_PROXY          = NO_PROXY == "" ? null : NO_PROXY
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
    TOFU_IMAGE        = TOFU_IMAGE == "" ? null : TOFU_IMAGE
    VERSION           = VERSION
  }
  platforms = PLATFORMS == "" ? null : split(",", PLATFORMS)
  labels    = merge(labels(step), { "io.idp-steps.describe" = step.describe })
  annotations = [
    for name, value in labels(step) :
    "${length(split(",", PLATFORMS)) > 1 ? "index,manifest" : "manifest"}:${name}=${value}"
  ]
  secret = concat(
    CA_BUNDLE == "" ? [] : ["id=ca-bundle,src=${CA_BUNDLE}"],
    PIP_CONF == "" ? [] : ["id=pip-conf,src=${PIP_CONF}"],
  )
  output = ["type=image,oci-mediatypes=true"]
  attest = ["type=provenance,disabled=true"] # it holds the time of the build; `make push` attests it
}
