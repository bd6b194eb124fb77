terraform {
  # The first release with `terraform_data` and checked blocks; OpenTofu from 1.6 reads the same.
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7.0"
    }
  }
}
