# What `cdk bootstrap` gives an account, as far as a deployment without the CDK's command looks at it.

resource "aws_s3_bucket" "assets" {
  count = var.bootstrap ? 1 : 0

  bucket        = local.bucket
  force_destroy = true # It holds copies of what the assembly holds.
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "assets" {
  count = var.bootstrap ? 1 : 0

  bucket = aws_s3_bucket.assets[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "assets" {
  count = var.bootstrap ? 1 : 0

  bucket = aws_s3_bucket.assets[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "assets" {
  count = var.bootstrap ? 1 : 0

  bucket                  = aws_s3_bucket.assets[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "assets" {
  count = var.bootstrap ? 1 : 0

  bucket = aws_s3_bucket.assets[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.assets[0].arn, "${aws_s3_bucket.assets[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.assets]
}

resource "aws_ssm_parameter" "version" {
  count = var.bootstrap ? 1 : 0

  name        = "/cdk-bootstrap/hnb659fds/version"
  description = "The templates ask for this version of the CDK's bootstrap stack at least."
  type        = "String"
  value       = "30"
  tags        = var.tags
}
