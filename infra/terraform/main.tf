# Private files for edgepass: a bucket, and a CloudFront distribution that sends them to viewers with signed cookies.
# The same as ../cloudformation.yaml; the reason for each line: docs/recommended-distribution.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.30"
    }
  }
}

variable "name" {
  type        = string
  description = "What the names of the resources begin with"
}

variable "domain_name" {
  type        = string
  description = "Host name of the files, a sibling of the API's (CLOUDFRONT_DOMAIN), cdn.example.com"
}

variable "certificate_arn" {
  type        = string
  description = "Certificate of that name in AWS Certificate Manager, in us-east-1"
}

variable "page_origins" {
  type        = list(string)
  description = "Exact origins of the pages that read files (APP_ORIGINS), https://app.example.com"

  validation {
    condition     = alltrue([for origin in var.page_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))])
    error_message = "Expected origins such as https://app.example.com, without a path or a slash at the end."
  }
}

variable "public_keys" {
  type        = map(string)
  description = "Public keys in PEM by a name of yours. CloudFront never changes a key: put another beside the first, let the API sign with it, then take the first away"

  validation {
    condition     = length(var.public_keys) > 0
    error_message = "Expected at least one public key; `edgepass keys ecdsa` makes a pair."
  }
}

variable "resource_policy" {
  type        = string
  default     = "same-site"
  description = "Which sites may show files in <img>, <video> and <script>; cross-origin where a page is on another site"

  validation {
    condition     = contains(["same-site", "cross-origin"], var.resource_policy)
    error_message = "Expected same-site or cross-origin."
  }
}

resource "aws_s3_bucket" "media" {
  bucket_prefix = "${var.name}-"
}

resource "aws_s3_bucket_public_access_block" "media" {
  bucket                  = aws_s3_bucket.media.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "media" {
  bucket = aws_s3_bucket.media.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_cors_configuration" "media" {
  bucket = aws_s3_bucket.media.id

  cors_rule {
    allowed_origins = var.page_origins
    allowed_methods = ["GET", "HEAD"]
    allowed_headers = ["Range"]
    expose_headers  = ["Accept-Ranges", "Content-Encoding", "Content-Length", "Content-Range", "ETag"]
    max_age_seconds = 600
  }
}

resource "aws_s3_bucket_policy" "media" {
  bucket = aws_s3_bucket.media.id
  policy = data.aws_iam_policy_document.media.json
}

data "aws_iam_policy_document" "media" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.media.arn, "${aws_s3_bucket.media.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.media.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.files.arn]
    }
  }
}

resource "aws_cloudfront_origin_access_control" "media" {
  name                              = "${var.name}-media"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_public_key" "viewers" {
  for_each = var.public_keys

  name        = "${var.name}-${each.key}"
  encoded_key = each.value
}

resource "aws_cloudfront_key_group" "viewers" {
  name  = "${var.name}-viewers"
  items = [for key in aws_cloudfront_public_key.viewers : key.id]
}

resource "aws_cloudfront_response_headers_policy" "pages" {
  name = "${var.name}-pages"

  cors_config {
    access_control_allow_credentials = true
    access_control_max_age_sec       = 600
    origin_override                  = true

    access_control_allow_origins {
      items = var.page_origins
    }

    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }

    access_control_allow_headers {
      items = ["Range"]
    }

    access_control_expose_headers {
      items = ["Accept-Ranges", "Content-Encoding", "Content-Length", "Content-Range", "ETag"]
    }
  }

  custom_headers_config {
    items {
      header   = "Vary"
      value    = "Origin"
      override = true
    }

    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = var.resource_policy
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "files" {
  comment         = "${var.name}: private files with signed cookies"
  enabled         = true
  http_version    = "http2and3"
  is_ipv6_enabled = true
  aliases         = [var.domain_name]

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  origin {
    origin_id                = "media"
    domain_name              = aws_s3_bucket.media.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.media.id
  }

  default_cache_behavior {
    target_origin_id       = "media"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    compress               = true
    trusted_key_groups     = [aws_cloudfront_key_group.viewers.id]
    # AWS's managed policy CachingOptimized.
    cache_policy_id            = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    response_headers_policy_id = aws_cloudfront_response_headers_policy.pages.id
  }
}

output "distribution_domain_name" {
  description = "What the CNAME or alias record of domain_name leads to"
  value       = aws_cloudfront_distribution.files.domain_name
}

output "distribution_id" {
  description = "What invalidations name"
  value       = aws_cloudfront_distribution.files.id
}

output "bucket_name" {
  description = "Where the files lie"
  value       = aws_s3_bucket.media.id
}

output "key_pair_ids" {
  description = "CLOUDFRONT_KEY_PAIR_ID by the name of the public key"
  value       = { for name, key in aws_cloudfront_public_key.viewers : name => key.id }
}
