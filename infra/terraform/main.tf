# Deploys one stack of a synthesized stage: its assets to the bucket that the template names, and then the template.
#
# The assembly's own manifest says what goes where, so nothing here knows the template's content.

data "aws_caller_identity" "here" {}

data "aws_region" "here" {}

data "aws_partition" "here" {}

locals {
  account = data.aws_caller_identity.here.account_id
  region  = data.aws_region.here.name
  bucket  = "cdk-hnb659fds-assets-${local.account}-${local.region}"

  manifest = jsondecode(file("${var.assembly}/${var.stack}.assets.json"))

  # Every asset of ours is one file for one destination: { name of its content = { source, bucket, key } }.
  assets = {
    for name, asset in local.manifest.files : name => {
      source = "${var.assembly}/${asset.source.path}"
      bucket = replace(one(values(asset.destinations)).bucketName, "$${AWS::AccountId}", local.account)
      key    = one(values(asset.destinations)).objectKey
    }
  }

  template = one([for asset in local.assets : asset if asset.source == "${var.assembly}/${var.stack}.template.json"])
}

resource "aws_s3_object" "asset" {
  for_each = local.assets

  bucket = var.bootstrap ? aws_s3_bucket_versioning.assets[0].bucket : local.bucket
  key    = each.value.key
  source = each.value.source
  tags   = var.tags

  lifecycle {
    # A key names its content, so an object that is there never has to change.
    ignore_changes = [source]

    precondition {
      condition     = each.value.bucket == local.bucket
      error_message = "The assembly was made for ${each.value.bucket}; the provider works with ${local.bucket}: give it the stage's region."
    }
  }
}

resource "aws_cloudformation_stack" "this" {
  name               = var.stack
  template_url       = "https://s3.${local.region}.${data.aws_partition.here.dns_suffix}/${local.bucket}/${local.template.key}"
  parameters         = var.parameters
  capabilities       = var.capabilities
  iam_role_arn       = var.execution_role_arn
  on_failure         = var.on_failure
  timeout_in_minutes = var.timeout_minutes
  tags               = var.tags

  # The functions' code must be there before the functions, and the version before CloudFormation looks for it.
  depends_on = [aws_s3_object.asset, aws_ssm_parameter.version]

  # These two speak of the first deployment only; another value later would replace the stack, and all that it holds.
  lifecycle {
    ignore_changes = [on_failure, timeout_in_minutes]
  }
}
