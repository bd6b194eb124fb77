terraform {
  # Preconditions came with 1.2; OpenTofu, which begins with 1.6, reads the same.
  required_version = ">= 1.2"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }
}
