output "outputs" {
  description = "Outputs of the stack, by name: ApiUrl, UserPoolId, the buckets and so on."
  value       = aws_cloudformation_stack.this.outputs
}

output "stack_id" {
  description = "ARN of the stack."
  value       = aws_cloudformation_stack.this.id
}
